-- Job management in SQL: runs, their lanes, and the items set aside.
-- Every DATETIME here is UTC, whatever the time zone of the server or the session. Engine and character set
-- are named: a server or a database may have others as its defaults. Names of tables are told apart by case
-- and accents, as the server tells them apart. A run's lanes refer to it without a foreign key: group
-- replication takes none with a cascade.

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
  UNIQUE KEY `one_unfinished_run_of_a_kind` (`items_table`, `kind`, `unfinished`),
  UNIQUE KEY `one_run_per_tick` (`items_table`, `kind`, `tick`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `batch_lanes` (
  `run_id` BIGINT UNSIGNED NOT NULL,
  `lane` SMALLINT UNSIGNED NOT NULL,
  `worker` SMALLINT UNSIGNED NOT NULL,
  `source` ENUM('items', 'failures') NOT NULL COMMENT 'new items, or items set aside by earlier runs',
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
  PRIMARY KEY (`run_id`, `lane`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `item_failures` (
  `items_table` VARCHAR(64) NOT NULL,
  `item_id` BIGINT NOT NULL,
  `run_id` BIGINT UNSIGNED NOT NULL COMMENT 'the run that failed on it last',
  `attempts` INT UNSIGNED NOT NULL DEFAULT 1 COMMENT '0: released by hand',
  `code` VARCHAR(32) NOT NULL,
  `reason` VARCHAR(500) NOT NULL,
  `values_sha256` BINARY(32) NOT NULL COMMENT 'of the values that failed, to see when they change',
  `first_failed_at` DATETIME(3) NOT NULL,
  `last_failed_at` DATETIME(3) NOT NULL,
  PRIMARY KEY (`items_table`, `item_id`),
  KEY `failures_of_a_run` (`run_id`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
