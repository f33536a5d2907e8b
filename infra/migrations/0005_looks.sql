-- Items that others have locked: a lane looks at them again at its end. Safe on live tables.

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_lanes' AND column_name = 'look'),
  'DO 0',
  'ALTER TABLE `batch_lanes`
     ADD COLUMN `look` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT ''0: at all of its items; from 1 on: at what others had locked in the look before'',
     ADD COLUMN `look_upto` BIGINT NULL COMMENT ''inclusive; NULL: high_id'',
     ADD COLUMN `skipped` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT ''items that others had locked in this look; they stay pending if it is the last'',
     ADD COLUMN `skipped_after` BIGINT NULL COMMENT ''exclusive'',
     ADD COLUMN `skipped_upto` BIGINT NULL COMMENT ''inclusive'', ALGORITHM=INSTANT');
PREPARE migration FROM @ddl;
EXECUTE migration;

-- Where the next window begins, so that it finds what was left.
SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_runs' AND column_name = 'skipped'),
  'DO 0',
  'ALTER TABLE `batch_runs`
     ADD COLUMN `skipped` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT ''settled when finished: items that others had locked at every look; they are pending'',
     ADD COLUMN `pending_since` DATETIME(3) NULL COMMENT ''when the oldest of these was created; the next window begins there''');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
