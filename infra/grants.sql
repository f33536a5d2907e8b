-- What rowscore's login may do: what the function needs, and nothing else.
--
-- Apply it with an administrator's login, in the database that holds the items, after
-- `rowscore init`, and again at any time:
--
--   mysql --init-command="SET @login = 'scorer', @items = 'items'" shop < infra/grants.sql
--
-- (`rowscore init --grant scorer` does the same, and knows the names of your own table's columns;
-- by hand, set @read and @written to them. A login of another host than '%' is `--grant scorer@10.%`;
-- by hand, set @login_host.) The login itself is made before, by one of
--
--   CREATE USER scorer IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL;  -- RDS and Aurora, MYSQL_AUTH=iam
--   CREATE USER scorer IDENTIFIED BY '...' REQUIRE SSL;                               -- elsewhere
--
-- Rows are inserted, changed and deleted by their owner only: of an item, rowscore changes the
-- prediction, the run that made it, and what else it was told to write there. (Writing any column of
-- it is also what lets it lock the row.) With a score table (SCORE_TABLE; by hand, @scores) it changes
-- nothing of an item: it may only read there, and write scores.
SET @login = COALESCE(@login, 'scorer');
SET @login_host = COALESCE(@login_host, '%');
SET @items = COALESCE(@items, 'items');
SET @read = COALESCE(@read, '`id`, `values`, `prediction`, `created_datetime`, `run_id`');
SET @written = COALESCE(@written, '`prediction`, `run_id`');
SET @scores = COALESCE(@scores, '');
-- 'columns': of the items, those in @read. 'whole': all of them, for a view or a condition. 'query': what a query reads
-- is granted by hand.
SET @source = COALESCE(@source, 'columns');

-- `rowscore results` shows it where it is.
SET @updated = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = @items
            AND (@@lower_case_table_names <> 0 OR CAST(table_name AS BINARY) = CAST(@items AS BINARY))
            AND column_name = 'updated_datetime'),
  ', `updated_datetime`', '');

-- Columns that the server would set to the present time with every change keep their values: rowscore writes
-- what is in them.
SET @kept = COALESCE(
  (SELECT GROUP_CONCAT(CONCAT(', `', REPLACE(column_name, '`', '``'), '`') SEPARATOR '') FROM information_schema.columns
   WHERE table_schema = DATABASE() AND table_name = @items
     AND (@@lower_case_table_names <> 0 OR CAST(table_name AS BINARY) = CAST(@items AS BINARY))
     AND LOWER(extra) LIKE '%on update%' AND LOWER(column_name) <> 'updated_datetime'), '');

SET @to_login = CONCAT(' TO ', QUOTE(@login), '@', QUOTE(@login_host));
SET @in_database = CONCAT(' ON `', REPLACE(DATABASE(), '`', '``'), '`.');
SET @quoted_items = CONCAT('`', REPLACE(@items, '`', '``'), '`');

-- REFERENCES shows the names and kinds of all columns, and no value: by that rowscore sees which are to keep theirs.
SET @ddl = IF(@scores = '',
  CONCAT('GRANT SELECT (', @read, @updated, @kept, '), UPDATE (', @written, @kept, '), REFERENCES',
    @in_database, @quoted_items, @to_login),
  IF(@source = 'query', 'DO 0',
    CONCAT('GRANT SELECT', IF(@source = 'whole', '', CONCAT(' (', @read, @updated, ')')), @in_database, @quoted_items, @to_login)));
PREPARE permission FROM @ddl;
EXECUTE permission;

-- Not by column, as for `item_failures`.
SET @ddl = IF(@scores = '', 'DO 0',
  CONCAT('GRANT SELECT, INSERT, UPDATE', @in_database, '`', REPLACE(@scores, '`', '``'), '`', @to_login));
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT
  SELECT,
  INSERT (`items_table`, `job`, `kind`, `tick`, `window_from`, `window_to`, `chained`, `policy`, `model_version`, `lanes`,
          `workers`, `state`, `pass`, `mode`, `items`, `started_at`, `attempted_at`, `deadline`, `to_tell`),
  UPDATE (`state`, `pass`, `attempt`, `attempted_at`, `items`, `predicted`, `failed`, `pending`, `compared`, `changed_class`,
          `absolute_change`, `finished_at`, `last_error`, `profile`, `billed_ms`, `memory_mb`,
          `skipped`, `pending_since`, `waiting_for`, `waiting_since`, `waiting_until`, `to_tell`)',
  @in_database, '`batch_runs`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT
  SELECT,
  INSERT (`run_id`, `lane`, `worker`, `source`, `low_id`, `high_id`, `cursor_id`, `page_size`, `hop`, `claim`,
          `finished_at`, `low_key`, `high_key`, `cursor_key`),
  UPDATE (`hop`, `claim`, `cursor_id`, `page_size`, `pages`, `predicted`, `failed`, `compared`, `changed_class`, `absolute_change`,
          `profile`, `updated_at`, `finished_at`, `look`, `look_upto`, `skipped`, `skipped_after`, `skipped_upto`,
          `cursor_key`, `look_upto_key`, `skipped_after_key`, `skipped_upto_key`, `busy_ms`, `recent_rows`, `recent_ms`,
          `look_at`, `low_id`, `high_id`, `high_key`)',
  @in_database, '`batch_lanes`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

-- Not by column: for INSERT ... ON DUPLICATE KEY UPDATE, MariaDB wants both for every column.
SET @ddl = CONCAT('GRANT SELECT, INSERT, UPDATE, DELETE', @in_database, '`item_failures`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

-- Whose runs there are is described by others: `rowscore apply`.
SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_jobs`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_status`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

-- Which model the job uses, and the model. Models are stored by whoever may do more.
SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_models`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_model_parts`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_model_uses`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

-- What predictions came to. Not by column, as for `item_failures`.
SET @ddl = CONCAT('GRANT SELECT, INSERT, UPDATE', @in_database, '`batch_truths`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT SELECT, INSERT, UPDATE', @in_database, '`batch_quality`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT SELECT, INSERT', @in_database, '`batch_judged`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

-- Whether the items are samples, which is all that a model scores that is a sample.
SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_samples`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;
DEALLOCATE PREPARE permission;
