-- Backfills: items that another model version predicted are scored anew. A run gets a mode; a
-- backfill and its lanes say how much changes. Safe on live tables.

-- A row for each run is quickly copied: MariaDB adds no column INSTANT beside a virtual one with a key.
SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_runs' AND column_name = 'mode'),
  'DO 0',
  'ALTER TABLE `batch_runs`
     ADD COLUMN `mode` ENUM(''write'', ''dry_run'') NOT NULL DEFAULT ''write'' COMMENT ''dry_run: scored and compared, nothing written'',
     ADD COLUMN `compared` BIGINT UNSIGNED NULL COMMENT ''of a backfill, settled when finished: items whose old prediction could be compared with the new one'',
     ADD COLUMN `changed_class` BIGINT UNSIGNED NULL COMMENT ''of a backfill, settled when finished: of these, those of which another class is the most probable now'',
     ADD COLUMN `absolute_change` DOUBLE NULL COMMENT ''of a backfill, settled when finished: the sum over these of the mean over the classes of |new - old| probability''');
PREPARE migration FROM @ddl;
EXECUTE migration;

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_lanes' AND column_name = 'compared'),
  'DO 0',
  'ALTER TABLE `batch_lanes`
     ADD COLUMN `compared` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT ''of a backfill: items whose old prediction could be compared with the new one'',
     ADD COLUMN `changed_class` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT ''of a backfill: of these, those of which another class is the most probable now'',
     ADD COLUMN `absolute_change` DOUBLE NOT NULL DEFAULT 0 COMMENT ''of a backfill: the sum over these of the mean over the classes of |new - old| probability'', ALGORITHM=INSTANT');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
