-- The jobs that `rowscore apply` describes. Whoever runs them reads this table and writes nothing to it. Without a row,
-- the one job is `default`, that of the variables.

CREATE TABLE IF NOT EXISTS `batch_jobs` (
  `name` VARCHAR(64) NOT NULL PRIMARY KEY,
  `version` INT UNSIGNED NOT NULL COMMENT 'counts up with each change of the settings',
  `settings` LONGTEXT NOT NULL COMMENT 'JSON: what jobs.toml says, each a text',
  `state` ENUM('active', 'paused', 'removed') NOT NULL COMMENT 'what is removed is kept: its runs name it',
  `applied_at` DATETIME(3) NOT NULL,
  `applied_by` VARCHAR(320) NOT NULL COMMENT 'the login, and from where'
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
