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

-- One readable line per run.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW `batch_status` AS
SELECT
  `run_id`, `items_table`, `kind`, `state`, `done`, `total`,
  CAST(100 * `done` / NULLIF(`total`, 0) AS DECIMAL(5, 1)) AS `percent`,
  `failed`,
  CAST(`done` / NULLIF(`seconds`, 0) AS UNSIGNED) AS `rows_per_second`,
  `eta_seconds`,
  CASE WHEN `state` = 'running' THEN TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), `deadline`) - `eta_seconds`
       ELSE TIMESTAMPDIFF(SECOND, `finished_at`, `deadline`) END AS `spare_seconds`,
  `window_from`, `window_to`, `model_version`, `started_at`, `finished_at`, `last_error`,
  `mode`, `changed_class`, `compared`, `absolute_change` / NULLIF(`compared`, 0) AS `mean_absolute_change`,
  GREATEST(`done` - `failed` - `compared`, 0) AS `incomparable`
FROM (
  SELECT
    counted.*,
    CASE WHEN `state` = 'running' THEN CAST(CEIL(GREATEST(`total` - `done`, 0) * `seconds` / NULLIF(`done`, 0)) AS SIGNED) END AS `eta_seconds`
  FROM (
    SELECT
      r.`id` AS `run_id`, r.`items_table`, r.`kind`, r.`state`, r.`window_from`, r.`window_to`, r.`model_version`,
      r.`started_at`, r.`finished_at`, r.`deadline`, r.`last_error`, r.`mode`,
      CAST(r.`items` AS SIGNED) AS `total`,
      CAST(COALESCE(r.`predicted` + r.`failed`,
        (SELECT SUM(l.`predicted` + l.`failed`) FROM `batch_lanes` l WHERE l.`run_id` = r.`id`), 0) AS SIGNED) AS `done`,
      CAST(COALESCE(r.`failed`,
        (SELECT SUM(l.`failed`) FROM `batch_lanes` l WHERE l.`run_id` = r.`id`), 0) AS SIGNED) AS `failed`,
      CASE WHEN r.`kind` = 'backfill' THEN CAST(COALESCE(r.`compared`,
        (SELECT SUM(l.`compared`) FROM `batch_lanes` l WHERE l.`run_id` = r.`id`), 0) AS SIGNED) END AS `compared`,
      CASE WHEN r.`kind` = 'backfill' THEN CAST(COALESCE(r.`changed_class`,
        (SELECT SUM(l.`changed_class`) FROM `batch_lanes` l WHERE l.`run_id` = r.`id`), 0) AS SIGNED) END AS `changed_class`,
      COALESCE(r.`absolute_change`,
        (SELECT SUM(l.`absolute_change`) FROM `batch_lanes` l WHERE l.`run_id` = r.`id`)) AS `absolute_change`,
      -- A clock that is set back, as by a failover to another server, makes no time negative.
      GREATEST(TIMESTAMPDIFF(MICROSECOND, r.`started_at`, COALESCE(r.`finished_at`, UTC_TIMESTAMP(3))), 0) / 1000000 AS `seconds`
    FROM `batch_runs` r
  ) AS counted
) AS runs;
