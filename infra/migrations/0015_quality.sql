-- Quality: what predictions came to, once the truth is known. Every DATETIME here is UTC. Safe on live tables.

-- How far a job's items were looked through for new truth. Whoever looks locks the row, so that nobody else does.
CREATE TABLE IF NOT EXISTS `batch_truths` (
  `items_table` VARCHAR(64) NOT NULL,
  `job` VARCHAR(64) NOT NULL,
  `cursor_id` BIGINT NULL COMMENT 'the last key that was looked at, where it is a whole number; NULL: the next round begins',
  `cursor_key` VARBINARY(1500) NULL COMMENT 'the same, where it is another key',
  `looked_at` DATETIME(3) NULL,
  PRIMARY KEY (`items_table`, `job`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS `batch_quality` (
  `run_id` BIGINT UNSIGNED NOT NULL,
  `model_version` VARCHAR(64) NOT NULL,
  `items_table` VARCHAR(64) NOT NULL,
  `job` VARCHAR(64) NOT NULL,
  `basis` VARCHAR(32) NOT NULL COMMENT 'probabilities, classes or values',
  `judged` BIGINT UNSIGNED NOT NULL COMMENT 'predictions whose truth is known',
  `strange` BIGINT UNSIGNED NOT NULL COMMENT 'others whose truth is no class, or no number',
  `sums` TEXT NOT NULL COMMENT 'JSON: what the figures are made of',
  `auc` DOUBLE NULL COMMENT 'the area under the curve, if there is one',
  `auc_of` BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'how many were judged when it was counted',
  `judged_at` DATETIME(3) NOT NULL,
  PRIMARY KEY (`run_id`, `model_version`),
  KEY `quality_of_a_job` (`items_table`, `job`, `run_id`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Each prediction that was judged, once; of classes with a row for each curve.
CREATE TABLE IF NOT EXISTS `batch_judged` (
  `run_id` BIGINT UNSIGNED NOT NULL,
  `model_version` VARCHAR(64) NOT NULL,
  `item_id` BIGINT NOT NULL COMMENT '0 where the key is no whole number',
  `item_key` VARBINARY(1500) NOT NULL DEFAULT '',
  `class` SMALLINT UNSIGNED NOT NULL,
  `score` DOUBLE NULL COMMENT 'the probability of the class; NULL: there is no curve',
  `is_true` TINYINT NULL COMMENT 'whether it is the true class',
  PRIMARY KEY (`run_id`, `model_version`, `item_id`, `item_key`, `class`),
  KEY `curves` (`run_id`, `model_version`, `class`, `score`, `is_true`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
