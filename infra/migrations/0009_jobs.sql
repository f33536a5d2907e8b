-- Many jobs: a run, a tick and a failure belong to a job, which scores a table. What there is belongs to the job
-- `default`, that of the variables. A key of several columns, or of text, has its text beside the number. Safe on live
-- tables: an earlier version goes on meanwhile as the job `default`.

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_runs' AND column_name = 'job'),
  'DO 0',
  'ALTER TABLE `batch_runs`
     ADD COLUMN `job` VARCHAR(64) NOT NULL DEFAULT ''default'' COMMENT ''what is scored, and how; default: as the variables have it'',
     DROP KEY `one_unfinished_run_of_a_kind`, ADD UNIQUE KEY `one_unfinished_run_of_a_kind` (`items_table`, `job`, `kind`, `unfinished`),
     DROP KEY `one_run_per_tick`, ADD UNIQUE KEY `one_run_per_tick` (`items_table`, `job`, `kind`, `tick`),
     DROP KEY `runs_of_a_table`, ADD KEY `runs_of_a_table` (`items_table`, `job`, `id`),
     DROP KEY `end_of_the_chain`, ADD KEY `end_of_the_chain` (`items_table`, `job`, `chain_end`),
     DROP KEY `windows_to_try_again`, ADD KEY `windows_to_try_again` (`items_table`, `job`, `kind`, `failed_attempt`),
     DROP KEY `empty_runs`, ADD KEY `empty_runs` (`items_table`, `job`, `empty_since`)');
PREPARE migration FROM @ddl;
EXECUTE migration;

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'item_failures' AND column_name = 'job'),
  'DO 0',
  'ALTER TABLE `item_failures`
     ADD COLUMN `job` VARCHAR(64) NOT NULL DEFAULT ''default'' COMMENT ''the job that failed on it'' AFTER `items_table`,
     ADD COLUMN `item_key` VARBINARY(1500) NOT NULL DEFAULT '''' COMMENT ''the key, where it is no whole number; item_id is 0 then'' AFTER `item_id`,
     DROP PRIMARY KEY, ADD PRIMARY KEY (`items_table`, `job`, `item_id`, `item_key`)');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;

-- Of a run at work, rate and remaining time are those of its latest pages; afterwards the rate is that of all
-- of them. What is pending is known when it is over.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW `batch_status` AS
SELECT
  `run_id`, `items_table`, `kind`, `state`, `done`, `total`,
  CAST(100 * `done` / NULLIF(`total`, 0) AS DECIMAL(5, 1)) AS `percent`,
  `failed`,
  CAST(`rows_per_second` AS UNSIGNED) AS `rows_per_second`,
  `eta_seconds`,
  CASE WHEN `state` = 'running' THEN TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), `deadline`) - `eta_seconds`
       ELSE TIMESTAMPDIFF(SECOND, `finished_at`, `deadline`) END AS `spare_seconds`,
  `window_from`, `window_to`, `model_version`, `started_at`, `finished_at`, `last_error`,
  `mode`, `changed_class`, `compared`, `absolute_change` / NULLIF(`compared`, 0) AS `mean_absolute_change`,
  GREATEST(`done` - `failed` - `compared`, 0) AS `incomparable`, `pending`, `skipped`,
  `tick`, `attempt`, `refused`, `job`
FROM (
  SELECT
    counted.*,
    CASE WHEN `state` = 'running' THEN CAST(CEIL(GREATEST(`total` - `done`, 0) / NULLIF(`rows_per_second`, 0)) AS SIGNED) END AS `eta_seconds`
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
      CASE
        WHEN r.`state` = 'running' THEN
          (SELECT SUM(1000 * l.`recent_rows` / NULLIF(l.`recent_ms`, 0)) FROM `batch_lanes` l
           WHERE l.`run_id` = r.`id` AND l.`finished_at` IS NULL)
        ELSE
          COALESCE(r.`predicted` + r.`failed`, (SELECT SUM(l.`predicted` + l.`failed`) FROM `batch_lanes` l WHERE l.`run_id` = r.`id`))
          / NULLIF(COALESCE(
              (SELECT NULLIF(MAX(l.`busy_ms`), 0) FROM `batch_lanes` l WHERE l.`run_id` = r.`id`) / 1000,
              -- Of a run before this version. A clock that is set back, as by a failover to another server, makes no time negative.
              GREATEST(TIMESTAMPDIFF(MICROSECOND, r.`started_at`, r.`finished_at`), 0) / 1000000), 0)
      END AS `rows_per_second`,
      r.`pending`, r.`skipped`, r.`tick`, r.`attempt`,
      -- What was never opened has no lanes, and whatever was tried out is a canary.
      r.`state` = 'failed' AND r.`lanes` = 0 AND r.`kind` <> 'canary' AS `refused`, r.`job`
    FROM `batch_runs` r
  ) AS counted
) AS runs;
