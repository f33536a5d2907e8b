-- The runs as people read them. Of a run at work, rate and remaining time are those of its latest pages, and afterwards the
-- rate is that of all of them. What is pending is known when it is over. A run that is not over is late once its deadline
-- has passed, also where nobody knows how long it still takes. Safe on live tables: an earlier version reads the same columns.

CREATE OR REPLACE SQL SECURITY INVOKER VIEW `batch_status` AS
SELECT
  `run_id`, `items_table`, `kind`, `state`, `done`, `total`,
  CAST(100 * `done` / NULLIF(`total`, 0) AS DECIMAL(5, 1)) AS `percent`,
  `failed`,
  CAST(`rows_per_second` AS UNSIGNED) AS `rows_per_second`,
  `eta_seconds`,
  CASE WHEN `state` IN ('running', 'paused')
       THEN COALESCE(TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), `deadline`) - `eta_seconds`,
                     CASE WHEN `deadline` < UTC_TIMESTAMP() THEN TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), `deadline`) END)
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
