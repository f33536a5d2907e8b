-- The table that is scored, and what a window needs of it.
--
-- Safe on a live table and on one that already has everything: an existing table keeps its
-- columns and rows, the nullable column is added INSTANT, the key INPLACE without a lock.
-- `rowscore init` sets the names from ITEMS_TABLE, ID_COLUMN, CREATED_COLUMN and RUN_COLUMN; by
-- hand, set them first or take the defaults; a key of several columns as @window_key = '`created`, `one`, `other`'.
-- An empty @run adds no column. Where a table takes no column INSTANT (it has a FULLTEXT key, or is COMPRESSED), set @column_how to what it takes:
-- `rowscore init` tries 'ALGORITHM=INPLACE, LOCK=NONE'.
SET @items = COALESCE(@items, 'items');
SET @id = COALESCE(@id, 'id');
SET @created = COALESCE(@created, 'created_datetime');
SET @run = COALESCE(@run, 'run_id');
SET @column_how = COALESCE(@column_how, 'ALGORITHM=INSTANT');

-- Between backticks, in which a backtick is doubled.
SET @quoted_items = CONCAT('`', REPLACE(@items, '`', '``'), '`');
SET @quoted_id = CONCAT('`', REPLACE(@id, '`', '``'), '`');
SET @quoted_created = CONCAT('`', REPLACE(@created, '`', '``'), '`');
SET @quoted_window = COALESCE(@window_key, CONCAT(@quoted_created, ', ', @quoted_id));
SET @quoted_run = CONCAT('`', REPLACE(@run, '`', '``'), '`');

-- Columns that are named here are the same in any case; table names are not, unless the server says so.
SET @ddl = CONCAT('CREATE TABLE IF NOT EXISTS ', @quoted_items, ' (
  `id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  `values` JSON NOT NULL,
  `prediction` JSON NULL,
  `created_datetime` TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_datetime` TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `run_id` BIGINT UNSIGNED NULL COMMENT ''the run that wrote the prediction'',
  KEY `items_window` (`created_datetime`, `id`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin');
PREPARE migration FROM @ddl;
EXECUTE migration;

-- A table that was there before gains the lineage column.
SET @ddl = IF(
  @run = '' OR EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = @items
            AND (@@lower_case_table_names <> 0 OR CAST(table_name AS BINARY) = CAST(@items AS BINARY))
            AND CAST(LOWER(column_name) AS BINARY) = CAST(LOWER(@run) AS BINARY)),
  'DO 0',
  CONCAT('ALTER TABLE ', @quoted_items, ' ADD COLUMN ', @quoted_run, ' BIGINT UNSIGNED NULL COMMENT ''the run that wrote the prediction'', ', @column_how));
PREPARE migration FROM @ddl;
EXECUTE migration;

-- It also gains the key that finds a window's bounds, unless one already begins that way.
-- (An index over pending items would make the bulk update several times slower on MySQL.)
-- Where its name is taken, the server finds one.
SET @key_name = IF(
  EXISTS (SELECT 1 FROM information_schema.statistics
          WHERE table_schema = DATABASE() AND table_name = @items
            AND (@@lower_case_table_names <> 0 OR CAST(table_name AS BINARY) = CAST(@items AS BINARY))
            AND index_name = 'items_window'),
  '', '`items_window`');
-- When it is built it needs the table for a moment; set @key_wait to the seconds that it may wait for that.
SET @lock_wait = @@SESSION.lock_wait_timeout;
SET @ddl = CONCAT('SET SESSION lock_wait_timeout = ', COALESCE(@key_wait, @lock_wait));
PREPARE migration FROM @ddl;
EXECUTE migration;
SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.statistics
          WHERE table_schema = DATABASE() AND table_name = @items
            AND (@@lower_case_table_names <> 0 OR CAST(table_name AS BINARY) = CAST(@items AS BINARY))
            AND CAST(LOWER(column_name) AS BINARY) = CAST(LOWER(@created) AS BINARY) AND seq_in_index = 1),
  'DO 0',
  CONCAT('ALTER TABLE ', @quoted_items, ' ADD KEY ', @key_name, ' (', @quoted_window, '), ALGORITHM=INPLACE, LOCK=NONE'));
PREPARE migration FROM @ddl;
EXECUTE migration;
SET @ddl = CONCAT('SET SESSION lock_wait_timeout = ', @lock_wait);
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
