-- Models in SQL: what `rowscore model push` stores, and which job uses which. A file is kept compressed and in parts,
-- since no statement and no row may be larger than the server takes. Of the uses of a job the latest counts; no row
-- of them is ever changed, so they are their own history. Every DATETIME here is UTC. Safe on live tables.

CREATE TABLE IF NOT EXISTS `batch_models` (
  `version` VARCHAR(64) NOT NULL PRIMARY KEY COMMENT 'SHA-256 of its content, as its file has it',
  `name` VARCHAR(200) NOT NULL,
  `predicts` VARCHAR(32) NOT NULL COMMENT 'probabilities, margins, value or score',
  `features` MEDIUMTEXT NOT NULL COMMENT 'JSON, in the order of a row''s values',
  `classes` MEDIUMTEXT NOT NULL COMMENT 'JSON, in the order of a prediction',
  `bytes` BIGINT UNSIGNED NOT NULL COMMENT 'of its file',
  `parts` INT UNSIGNED NOT NULL COMMENT 'rows in batch_model_parts',
  `pushed_at` DATETIME(3) NOT NULL,
  `pushed_by` VARCHAR(300) NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `batch_model_parts` (
  `version` VARCHAR(64) NOT NULL,
  `part` INT UNSIGNED NOT NULL,
  `content` MEDIUMBLOB NOT NULL COMMENT 'of the file, compressed as gzip does',
  PRIMARY KEY (`version`, `part`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `batch_model_uses` (
  `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  `items_table` VARCHAR(64) NOT NULL,
  `job` VARCHAR(64) NOT NULL,
  `version` VARCHAR(64) NULL COMMENT 'NULL: the model that is built in',
  `back_to` BIGINT UNSIGNED NULL COMMENT 'the use that was returned to, 0 for none before the first; NULL: a use of its own',
  `used_at` DATETIME(3) NOT NULL,
  `used_by` VARCHAR(300) NOT NULL,
  KEY `uses_of_a_job` (`items_table`, `job`, `id`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Which items tables were filled by `rowscore init --rows`, and what the first and the last of these rows are: only as
-- long as these two are the first and the last of the table, it holds samples. A model that is a sample scores no other.
CREATE TABLE IF NOT EXISTS `batch_samples` (
  `items_table` VARCHAR(64) NOT NULL PRIMARY KEY,
  `first_id` BIGINT NOT NULL,
  `last_id` BIGINT NOT NULL,
  `sha256` CHAR(64) NOT NULL COMMENT 'of the values of both',
  `filled_at` DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
