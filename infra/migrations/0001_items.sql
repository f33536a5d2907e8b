-- The table that is scored, and what a window needs of it.
--
-- Safe on a live table and on one that already has everything: an existing table keeps its
-- columns and rows, the nullable column is added INSTANT, the key INPLACE without a lock.
-- `rowscore init` sets the names from ITEMS_TABLE, ID_COLUMN, CREATED_COLUMN and RUN_COLUMN; by
-- hand, set them first or take the defaults. An empty @run adds no column.
SET @items = COALESCE(@items, 'items');
SET @id = COALESCE(@id, 'id');
SET @created = COALESCE(@created, 'created_datetime');
SET @run = COALESCE(@run, 'run_id');

SET @ddl = CONCAT('CREATE TABLE IF NOT EXISTS `', @items, '` (
  `id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  `values` JSON NOT NULL,
  `prediction` JSON NULL,
  `created_datetime` TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_datetime` TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  `run_id` BIGINT UNSIGNED NULL COMMENT ''the run that wrote the prediction'',
  KEY `items_window` (`created_datetime`, `id`)
)');
PREPARE migration FROM @ddl;
EXECUTE migration;

-- A table that was there before gains the lineage column.
SET @ddl = IF(
  @run = '' OR EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = @items AND column_name = @run),
  'DO 0',
  CONCAT('ALTER TABLE `', @items, '` ADD COLUMN `', @run, '` BIGINT UNSIGNED NULL COMMENT ''the run that wrote the prediction'', ALGORITHM=INSTANT'));
PREPARE migration FROM @ddl;
EXECUTE migration;

-- It also gains the key that finds a window's bounds, unless one already begins that way.
-- (An index over pending items would make the bulk update several times slower on MySQL.)
SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.statistics
          WHERE table_schema = DATABASE() AND table_name = @items
            AND column_name = @created AND seq_in_index = 1),
  'DO 0',
  CONCAT('ALTER TABLE `', @items, '` ADD KEY `items_window` (`', @created, '`, `', @id, '`), ALGORITHM=INPLACE, LOCK=NONE'));
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
