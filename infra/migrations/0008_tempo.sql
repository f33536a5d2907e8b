-- How fast a lane is, from its pages alone: neither a pause nor the gap between two hops counts. Safe on live
-- tables.

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_lanes' AND column_name = 'busy_ms'),
  'DO 0',
  'ALTER TABLE `batch_lanes`
     ADD COLUMN `busy_ms` DOUBLE NOT NULL DEFAULT 0 COMMENT ''milliseconds of all of its pages'',
     ADD COLUMN `recent_rows` DOUBLE NOT NULL DEFAULT 0 COMMENT ''items of the latest pages; a page counts less with each one after it'',
     ADD COLUMN `recent_ms` DOUBLE NOT NULL DEFAULT 0 COMMENT ''milliseconds of the same pages, counted in the same way'', ALGORITHM=INSTANT');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
