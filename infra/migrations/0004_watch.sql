-- What a run saw and what it took: drift and cost. Safe on live tables.

-- A row for each run is quickly copied: MariaDB adds no column INSTANT beside a virtual one with a key.
SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_runs' AND column_name = 'profile'),
  'DO 0',
  'ALTER TABLE `batch_runs`
     ADD COLUMN `profile` JSON NULL COMMENT ''when finished: rows by class, and the drift of each feature'',
     ADD COLUMN `billed_ms` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT ''milliseconds of all of its hops'',
     ADD COLUMN `memory_mb` INT UNSIGNED NULL COMMENT ''of the function, in its last hop; NULL: no Lambda function''');
PREPARE migration FROM @ddl;
EXECUTE migration;

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_lanes' AND column_name = 'profile'),
  'DO 0',
  'ALTER TABLE `batch_lanes`
     ADD COLUMN `profile` MEDIUMTEXT CHARACTER SET ascii NULL COMMENT ''rows counted by bin and class, for drift'', ALGORITHM=INSTANT');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
