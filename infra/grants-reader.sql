-- What the results API's login may do: read, and nothing else.
--
-- Apply it with an administrator's login, in the database that holds the items, after
-- `rowscore init`, and again at any time:
--
--   mysql --init-command="SET @login = 'reader', @items = 'items'" shop < infra/grants-reader.sql
--
-- (`rowscore init --grant-reader reader` does the same, and knows the names of your own table's columns;
-- by hand, set @read to them.) The login itself is made before, by one of
--
--   CREATE USER reader IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL WITH MAX_USER_CONNECTIONS 20;  -- RDS and Aurora
--   CREATE USER reader IDENTIFIED BY '...' REQUIRE SSL WITH MAX_USER_CONNECTIONS 20;                               -- elsewhere
--
-- The number bounds what readers may take of the server, however many there are.
SET @login = COALESCE(@login, 'reader');
SET @login_host = COALESCE(@login_host, '%');
SET @items = COALESCE(@items, 'items');
SET @read = COALESCE(@read, '`id`, `values`, `prediction`, `created_datetime`, `run_id`');
SET @scores = COALESCE(@scores, '');
-- As in grants.sql.
SET @source = COALESCE(@source, 'columns');

-- It is shown where it is.
SET @updated = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = @items
            AND (@@lower_case_table_names <> 0 OR CAST(table_name AS BINARY) = CAST(@items AS BINARY))
            AND column_name = 'updated_datetime'),
  ', `updated_datetime`', '');

SET @to_login = CONCAT(' TO ', QUOTE(@login), '@', QUOTE(@login_host));
SET @in_database = CONCAT(' ON `', REPLACE(DATABASE(), '`', '``'), '`.');
SET @quoted_items = CONCAT('`', REPLACE(@items, '`', '``'), '`');

SET @ddl = IF(@source = 'query', 'DO 0',
  CONCAT('GRANT SELECT', IF(@source = 'whole', '', CONCAT(' (', @read, @updated, ')')), @in_database, @quoted_items, @to_login));
PREPARE permission FROM @ddl;
EXECUTE permission;

-- Where predictions go to a score table.
SET @ddl = IF(@scores = '', 'DO 0',
  CONCAT('GRANT SELECT', @in_database, '`', REPLACE(@scores, '`', '``'), '`', @to_login));
PREPARE permission FROM @ddl;
EXECUTE permission;

-- All others are rowscore's own. The view reads as its reader does, so it needs the tables, too.
SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_runs`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_lanes`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT SELECT (`items_table`, `job`, `item_id`, `item_key`, `run_id`, `attempts`, `code`, `reason`, `first_failed_at`,
  `last_failed_at`)', @in_database, '`item_failures`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_jobs`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_status`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

-- Which model the job uses, and the model: its classes name the numbers of a prediction.
SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_models`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_model_parts`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_model_uses`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;

-- What predictions came to.
SET @ddl = CONCAT('GRANT SELECT', @in_database, '`batch_quality`', @to_login);
PREPARE permission FROM @ddl;
EXECUTE permission;
DEALLOCATE PREPARE permission;
