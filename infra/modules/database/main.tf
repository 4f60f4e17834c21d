# Postgres with pgvector in RDS: the store of products, and an index of them. Its secret has the keys that akin reads,
# and a rotation that AWS provides.
data "aws_partition" "current" {}
data "aws_region" "current" {}

# The first password is in the state of Terraform. The rotation replaces it as soon as the secret exists, and Terraform
# never sends it again unless `password_version` changes.
data "aws_secretsmanager_random_password" "first" {
  password_length     = 40
  exclude_punctuation = true
}

locals {
  identifier = "${var.name}-postgres"
  port       = 5432
  reader     = var.has_replica ? aws_db_instance.replica[0].address : aws_db_instance.this.address
}

resource "aws_db_subnet_group" "this" {
  name        = local.identifier
  description = "The private subnets of ${var.name}"
  subnet_ids  = var.subnet_ids
}

resource "aws_db_parameter_group" "this" {
  name        = "${local.identifier}-${var.major_version}"
  family      = "postgres${var.major_version}"
  description = "TLS for every connection, and a log of slow statements"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  # Statements may contain what shoppers asked for: only those that are slow are logged, above.
  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "this" {
  name        = local.identifier
  description = "Postgres of ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = local.identifier }
}

resource "aws_vpc_security_group_ingress_rule" "client" {
  security_group_id            = aws_security_group.this.id
  description                  = "Postgres, for akin's programs and the rotation of the password"
  referenced_security_group_id = var.client_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_db_instance" "this" {
  #checkov:skip=CKV_AWS_161:akin connects with a password that is rotated, and not with tokens of IAM.
  #checkov:skip=CKV_AWS_157:Whether a standby waits in another zone is a variable, since it doubles the price.
  #checkov:skip=CKV_AWS_293:Whether the database may be deleted is a variable, so that a trial can be taken down.
  #checkov:skip=CKV2_AWS_30:Every statement would include what shoppers ask for; slow ones are logged.
  identifier                            = local.identifier
  engine                                = "postgres"
  engine_version                        = var.major_version
  instance_class                        = var.instance_class
  db_name                               = var.database
  username                              = var.username
  password_wo                           = data.aws_secretsmanager_random_password.first.random_password
  password_wo_version                   = var.password_version
  port                                  = local.port
  allocated_storage                     = var.storage_gib
  max_allocated_storage                 = var.max_storage_gib
  storage_type                          = "gp3"
  storage_encrypted                     = true
  kms_key_id                            = var.kms_key_arn
  multi_az                              = var.multi_az
  publicly_accessible                   = false
  db_subnet_group_name                  = aws_db_subnet_group.this.name
  parameter_group_name                  = aws_db_parameter_group.this.name
  vpc_security_group_ids                = [aws_security_group.this.id]
  backup_retention_period               = var.backup_days
  copy_tags_to_snapshot                 = true
  deletion_protection                   = var.deletion_protection
  skip_final_snapshot                   = !var.deletion_protection
  final_snapshot_identifier             = "${local.identifier}-final"
  auto_minor_version_upgrade            = true
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]
  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.kms_key_arn
  performance_insights_retention_period = 7
  monitoring_interval                   = 60
  monitoring_role_arn                   = aws_iam_role.monitoring.arn

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_db_instance" "replica" {
  count = var.has_replica ? 1 : 0

  #checkov:skip=CKV_AWS_161:akin connects with a password that is rotated, and not with tokens of IAM.
  #checkov:skip=CKV_AWS_157:A replica is read; the primary has the standby.
  #checkov:skip=CKV_AWS_293:A replica holds nothing of its own.
  #checkov:skip=CKV2_AWS_30:Every statement would include what shoppers ask for; slow ones are logged.
  identifier                            = "${local.identifier}-reader"
  replicate_source_db                   = aws_db_instance.this.identifier
  instance_class                        = coalesce(var.replica_instance_class, var.instance_class)
  storage_type                          = "gp3"
  storage_encrypted                     = true
  publicly_accessible                   = false
  parameter_group_name                  = aws_db_parameter_group.this.name
  vpc_security_group_ids                = [aws_security_group.this.id]
  copy_tags_to_snapshot                 = true
  skip_final_snapshot                   = true
  auto_minor_version_upgrade            = true
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]
  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.kms_key_arn
  performance_insights_retention_period = 7
  monitoring_interval                   = 60
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["postgresql", "upgrade"])

  name              = "/aws/rds/instance/${local.identifier}/${each.value}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_iam_role" "monitoring" {
  name        = "${local.identifier}-monitoring"
  description = "Enhanced monitoring of ${local.identifier}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_secretsmanager_secret" "this" {
  name        = "${var.name}_rds_credentials"
  description = "How akin reaches Postgres"
  kms_key_id  = var.kms_key_arn
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id                = aws_secretsmanager_secret.this.id
  secret_string_wo_version = var.password_version

  # `engine` and `dbname` are for the rotation, which keeps the keys that it does not know.
  secret_string_wo = jsonencode({
    engine     = "postgres"
    host       = aws_db_instance.this.address
    port       = local.port
    readerHost = local.reader
    readerPort = local.port
    username   = var.username
    password   = data.aws_secretsmanager_random_password.first.random_password
    dbname     = var.database
  })
}

resource "aws_secretsmanager_secret_rotation" "this" {
  secret_id           = aws_secretsmanager_secret.this.id
  rotation_lambda_arn = aws_serverlessapplicationrepository_cloudformation_stack.rotation.outputs["RotationLambdaARN"]
  rotate_immediately  = true

  rotation_rules {
    automatically_after_days = var.rotation_days
  }

  depends_on = [aws_secretsmanager_secret_version.this]
}

# The function is AWS's own; see the Serverless Application Repository for its source.
resource "aws_serverlessapplicationrepository_cloudformation_stack" "rotation" {
  name             = "${local.identifier}-rotation"
  application_id   = "arn:aws:serverlessrepo:us-east-1:297356227824:applications/SecretsManagerRDSPostgreSQLRotationSingleUser"
  semantic_version = var.rotation_version
  capabilities     = ["CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY"]

  parameters = {
    endpoint            = "https://secretsmanager.${data.aws_region.current.region}.${data.aws_partition.current.dns_suffix}"
    functionName        = "${local.identifier}-rotation"
    vpcSubnetIds        = join(",", var.subnet_ids)
    vpcSecurityGroupIds = var.client_security_group_id
    kmsKeyArn           = var.kms_key_arn
    excludeCharacters   = "\"'\\/@ "
  }
}
