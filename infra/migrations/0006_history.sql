-- A long history: what is asked of the runs at every tick is found by a key, however many there are.
-- Safe on live tables.

-- A row for each run is quickly copied: MariaDB adds no column INSTANT beside a virtual one with a key.
SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.columns
          WHERE table_schema = DATABASE() AND table_name = 'batch_runs' AND column_name = 'chain_end'),
  'DO 0',
  'ALTER TABLE `batch_runs`
     ADD COLUMN `chain_end` DATETIME(3) AS (CASE WHEN `kind` = ''window'' AND `chained`
         AND (`state` IN (''succeeded'', ''succeeded_with_failures'') OR (`state` = ''failed'' AND `policy` = ''retry_all''))
       THEN LEAST(COALESCE(`pending_since`, `window_to`), `window_to`, `started_at`) END) VIRTUAL COMMENT ''of a finished window: where the next may begin'',
     ADD COLUMN `failed_attempt` INT UNSIGNED AS (CASE WHEN `state` = ''failed'' AND `policy` = ''retry_all''
       THEN `attempt` END) VIRTUAL COMMENT ''of a window that failed as a whole'',
     ADD COLUMN `empty_since` DATETIME(3) AS (CASE WHEN `state` IN (''succeeded'', ''failed'', ''cancelled'')
         AND `predicted` = 0 AND `failed` = 0
       THEN `started_at` END) VIRTUAL COMMENT ''of a run that is over and of which nothing is left: it is forgotten some day'',
     ADD KEY `runs_of_a_table` (`items_table`, `id`),
     ADD KEY `end_of_the_chain` (`items_table`, `chain_end`),
     ADD KEY `windows_to_try_again` (`items_table`, `kind`, `failed_attempt`),
     ADD KEY `empty_runs` (`items_table`, `empty_since`),
     ADD KEY `unfinished_runs` (`unfinished`)');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
