-- Job management in SQL: runs, their lanes, and the items set aside.
-- Every DATETIME here is UTC, whatever the time zone of the server or the session. Engine and character set
-- are named: a server or a database may have others as its defaults. Names of tables are told apart by case
-- and accents, as the server tells them apart. A run's lanes refer to it without a foreign key: group
-- replication takes none with a cascade. A new database gets these tables as they are now, at once: what later
-- migrations add to older ones is here already.

CREATE TABLE IF NOT EXISTS `batch_runs` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  `items_table` VARCHAR(64) NOT NULL,
  `kind` ENUM('window', 'sweep', 'canary', 'backfill') NOT NULL,
  `tick` DATETIME NULL COMMENT 'the schedule''s time; NULL: opened by hand',
  `window_from` DATETIME NULL COMMENT 'inclusive; NULL: from the beginning',
  `window_to` DATETIME NOT NULL COMMENT 'exclusive',
  `chained` BOOLEAN NOT NULL COMMENT 'began where the last finished window ended, so the next may begin where this one ends',
  `policy` ENUM('retry_failed', 'retry_all', 'leave') NOT NULL,
  `model_version` VARCHAR(64) NOT NULL,
  `lanes` SMALLINT UNSIGNED NOT NULL COMMENT 'of one worker; frozen when the run is opened',
  `workers` SMALLINT UNSIGNED NOT NULL COMMENT 'frozen when the run is opened',
  `state` ENUM('running', 'paused', 'succeeded', 'succeeded_with_failures', 'failed', 'cancelled') NOT NULL,
  `attempt` INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'of the whole window, under retry_all',
  `attempted_at` DATETIME(3) NOT NULL,
  `pass` ENUM('check', 'write') NOT NULL COMMENT 'under retry_all every item is checked before the first is written',
  `items` BIGINT UNSIGNED NULL COMMENT 'pending in the window when opened; NULL: too many to count in time; settled when finished',
  `predicted` BIGINT UNSIGNED NULL COMMENT 'settled when finished; until then the sum over the lanes',
  `failed` BIGINT UNSIGNED NULL COMMENT 'set aside; settled when finished',
  `pending` BIGINT UNSIGNED NULL COMMENT 'settled when finished: items = predicted + failed + pending',
  `started_at` DATETIME(3) NOT NULL,
  `finished_at` DATETIME(3) NULL,
  `deadline` DATETIME NULL COMMENT 'DELIVER_WITHIN after the schedule''s time',
  `last_error` VARCHAR(1000) NULL,
  `unfinished` TINYINT AS (CASE WHEN `state` IN ('running', 'paused') THEN 1 END) VIRTUAL,
  `mode` ENUM('write', 'dry_run') NOT NULL DEFAULT 'write' COMMENT 'dry_run: scored and compared, nothing written',
  `compared` BIGINT UNSIGNED NULL COMMENT 'of a backfill, settled when finished: items whose old prediction could be compared with the new one',
  `changed_class` BIGINT UNSIGNED NULL COMMENT 'of a backfill, settled when finished: of these, those of which another class is the most probable now',
  `absolute_change` DOUBLE NULL COMMENT 'of a backfill, settled when finished: the sum over these of the mean over the classes of |new - old| probability',
  `profile` JSON NULL COMMENT 'when finished: rows by class, and the drift of each feature',
  `billed_ms` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'milliseconds of all of its hops',
  `memory_mb` INT UNSIGNED NULL COMMENT 'of the function, in its last hop; NULL: no Lambda function',
  `skipped` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'settled when finished: items that others had locked at every look; they are pending',
  `pending_since` DATETIME(3) NULL COMMENT 'when the oldest of these was created; the next window begins there',
  `chain_end` DATETIME(3) AS (CASE WHEN `kind` = 'window' AND `chained`
    AND (`state` IN ('succeeded', 'succeeded_with_failures') OR (`state` = 'failed' AND `policy` = 'retry_all'))
    THEN LEAST(COALESCE(`pending_since`, `window_to`), `window_to`, `started_at`) END) VIRTUAL COMMENT 'of a finished window: where the next may begin',
  `failed_attempt` INT UNSIGNED AS (CASE WHEN `state` = 'failed' AND `policy` = 'retry_all'
    THEN `attempt` END) VIRTUAL COMMENT 'of a window that failed as a whole',
  `empty_since` DATETIME(3) AS (CASE WHEN `state` IN ('succeeded', 'failed', 'cancelled')
    AND `predicted` = 0 AND `failed` = 0
    THEN `started_at` END) VIRTUAL COMMENT 'of a run that is over and of which nothing is left: it is forgotten some day',
  `job` VARCHAR(64) NOT NULL DEFAULT 'default' COMMENT 'what is scored, and how; default: as the variables have it',
  `waiting_for` VARCHAR(500) NULL COMMENT 'why no page is begun now; NULL: it does not wait',
  `waiting_since` DATETIME(3) NULL,
  `waiting_until` DATETIME(3) NULL COMMENT 'when is looked again',
  `to_tell` SET('bus', 'topic', 'lineage') NULL COMMENT 'by which ways its end is still to be told; NULL: by none',
  UNIQUE KEY `one_unfinished_run_of_a_kind` (`items_table`, `job`, `kind`, `unfinished`),
  UNIQUE KEY `one_run_per_tick` (`items_table`, `job`, `kind`, `tick`),
  KEY `unfinished_runs` (`unfinished`),
  KEY `runs_of_a_table` (`items_table`, `job`, `id`),
  KEY `end_of_the_chain` (`items_table`, `job`, `chain_end`),
  KEY `empty_runs` (`items_table`, `job`, `empty_since`),
  KEY `windows_to_try_again` (`items_table`, `job`, `kind`, `state`, `policy`, `attempt`),
  KEY `ends_to_tell` (`items_table`, `job`, `to_tell`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `batch_lanes` (
  `run_id` BIGINT UNSIGNED NOT NULL,
  `lane` SMALLINT UNSIGNED NOT NULL,
  `worker` SMALLINT UNSIGNED NOT NULL,
  `source` ENUM('items', 'failures', 'arrivals') NOT NULL
    COMMENT 'new items by their key, items set aside by earlier runs, or new items by their arrival',
  `low_id` BIGINT NOT NULL COMMENT 'exclusive',
  `high_id` BIGINT NOT NULL COMMENT 'inclusive',
  `cursor_id` BIGINT NOT NULL COMMENT 'every item up to this id has been worked off',
  `hop` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the hop that is due or at work; 0: none yet',
  `claim` INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'fencing token: counts who took the lane',
  `page_size` INT UNSIGNED NOT NULL,
  `pages` BIGINT UNSIGNED NOT NULL DEFAULT 0,
  `predicted` BIGINT UNSIGNED NOT NULL DEFAULT 0,
  `failed` BIGINT UNSIGNED NOT NULL DEFAULT 0,
  `updated_at` DATETIME(3) NULL,
  `finished_at` DATETIME(3) NULL,
  `compared` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of a backfill: items whose old prediction could be compared with the new one',
  `changed_class` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of a backfill: of these, those of which another class is the most probable now',
  `absolute_change` DOUBLE NOT NULL DEFAULT 0 COMMENT 'of a backfill: the sum over these of the mean over the classes of |new - old| probability',
  `profile` MEDIUMTEXT CHARACTER SET ascii NULL COMMENT 'rows counted by bin and class, for drift',
  `look` TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0: at all of its items; from 1 on: at what others had locked in the look before',
  `look_upto` BIGINT NULL COMMENT 'inclusive; NULL: high_id',
  `skipped` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'items that others had locked in this look; they stay pending if it is the last',
  `skipped_after` BIGINT NULL COMMENT 'exclusive',
  `skipped_upto` BIGINT NULL COMMENT 'inclusive',
  `busy_ms` DOUBLE NOT NULL DEFAULT 0 COMMENT 'milliseconds of all of its pages',
  `recent_rows` DOUBLE NOT NULL DEFAULT 0 COMMENT 'items of the latest pages; a page counts less with each one after it',
  `recent_ms` DOUBLE NOT NULL DEFAULT 0 COMMENT 'milliseconds of the same pages, counted in the same way',
  `low_key` VARBINARY(1500) NULL COMMENT 'exclusive; NULL: from the beginning',
  `high_key` VARBINARY(1500) NULL COMMENT 'inclusive; NULL: the keys are whole numbers',
  `cursor_key` VARBINARY(1500) NULL COMMENT 'every item up to here is worked off',
  `look_upto_key` VARBINARY(1500) NULL COMMENT 'inclusive; NULL: high_key',
  `skipped_after_key` VARBINARY(1500) NULL COMMENT 'exclusive',
  `skipped_upto_key` VARBINARY(1500) NULL COMMENT 'inclusive',
  `look_at` DATETIME(3) NULL COMMENT 'when the message comes by which its worker looks again',
  PRIMARY KEY (`run_id`, `lane`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `item_failures` (
  `items_table` VARCHAR(64) NOT NULL,
  `job` VARCHAR(64) NOT NULL DEFAULT 'default' COMMENT 'the job that failed on it',
  `item_id` BIGINT NOT NULL,
  `item_key` VARBINARY(1500) NOT NULL DEFAULT '' COMMENT 'the key, where it is no whole number; item_id is 0 then',
  `run_id` BIGINT UNSIGNED NOT NULL COMMENT 'the run that failed on it last',
  `attempts` INT UNSIGNED NOT NULL DEFAULT 1 COMMENT '0: released by hand',
  `code` VARCHAR(32) NOT NULL,
  `reason` VARCHAR(500) NOT NULL,
  `values_sha256` BINARY(32) NOT NULL COMMENT 'of the values that failed, to see when they change',
  `first_failed_at` DATETIME(3) NOT NULL,
  `last_failed_at` DATETIME(3) NOT NULL,
  PRIMARY KEY (`items_table`, `job`, `item_id`, `item_key`),
  KEY `failures_of_a_run` (`run_id`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
