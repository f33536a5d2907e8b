-- What a run waits for, and when is looked again. Every DATETIME here is UTC. Safe on live tables.

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_runs' AND column_name = 'waiting_for'),
  'DO 0',
  'ALTER TABLE `batch_runs`
     ADD COLUMN `waiting_for` VARCHAR(500) NULL COMMENT ''why no page is begun now; NULL: it does not wait'',
     ADD COLUMN `waiting_since` DATETIME(3) NULL,
     ADD COLUMN `waiting_until` DATETIME(3) NULL COMMENT ''when is looked again''');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_lanes' AND column_name = 'look_at'),
  'DO 0',
  'ALTER TABLE `batch_lanes`
     ADD COLUMN `look_at` DATETIME(3) NULL COMMENT ''when the message comes by which its worker looks again'', ALGORITHM=INSTANT');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
