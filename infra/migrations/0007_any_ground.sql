-- Tables of earlier versions become what 0002 makes: InnoDB whatever the server's default is, texts in any
-- language whatever the database's is, names of tables told apart by case and accents, and no foreign key
-- with a cascade, which group replication does not take. A row for each run and failure is quickly copied.

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.tables
          WHERE table_schema = DATABASE() AND table_name = 'batch_runs'
            AND (table_collation <> 'utf8mb4_bin' OR engine <> 'InnoDB')),
  'ALTER TABLE `batch_runs` ENGINE=InnoDB, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  'DO 0');
PREPARE migration FROM @ddl;
EXECUTE migration;

SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.tables
          WHERE table_schema = DATABASE() AND table_name = 'item_failures'
            AND (table_collation <> 'utf8mb4_bin' OR engine <> 'InnoDB')),
  'ALTER TABLE `item_failures` ENGINE=InnoDB, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  'DO 0');
PREPARE migration FROM @ddl;
EXECUTE migration;

SET @cascade = COALESCE((SELECT MIN(constraint_name) FROM information_schema.referential_constraints
                         WHERE constraint_schema = DATABASE() AND table_name = 'batch_lanes'), '');
SET @ddl = IF(@cascade = '', 'DO 0', CONCAT('ALTER TABLE `batch_lanes` DROP FOREIGN KEY `', @cascade, '`'));
PREPARE migration FROM @ddl;
EXECUTE migration;

-- No text in it is of anybody's language.
SET @ddl = IF(
  EXISTS (SELECT 1 FROM information_schema.tables
          WHERE table_schema = DATABASE() AND table_name = 'batch_lanes' AND engine <> 'InnoDB'),
  'ALTER TABLE `batch_lanes` ENGINE=InnoDB', 'DO 0');
PREPARE migration FROM @ddl;
EXECUTE migration;
DEALLOCATE PREPARE migration;
