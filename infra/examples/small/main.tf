# A shop of up to about a million products: functions and one small Postgres, which is the store and the index.
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = merge({ application = var.name, managed-by = "terraform" }, var.tags)
  }
}

locals {
  # What every part of akin is told. The functions take the model from their packages.
  environment = merge(module.database.environment, module.queue.environment, {
    AKIN_ENGINES = "postgres"
  })
  embed_timeout_seconds = 300
}

module "key" {
  source = "../../modules/key"

  name = var.name
}

module "network" {
  source = "../../modules/network"

  name        = var.name
  zones       = var.zones
  egress      = "endpoints"
  kms_key_arn = module.key.arn
}

module "queue" {
  source = "../../modules/queue"

  name                     = var.name
  function_timeout_seconds = local.embed_timeout_seconds
}

module "database" {
  source = "../../modules/database"

  name                     = var.name
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.private_subnet_ids
  client_security_group_id = module.network.client_security_group_id
  instance_class           = var.database_class
  deletion_protection      = var.deletion_protection
  kms_key_arn              = module.key.arn
}

module "ingestion" {
  source = "../../modules/ingestion"

  name               = var.name
  package            = "${var.packages}/ingest-lambda.zip"
  environment        = local.environment
  statements         = concat(module.database.statements, module.queue.send_statements)
  complete           = var.complete
  currency           = var.currency
  subnet_ids         = module.network.private_subnet_ids
  security_group_ids = [module.network.client_security_group_id]
  kms_key_arn        = module.key.arn
}

module "embedding" {
  source = "../../modules/embedding"

  name               = var.name
  package            = "${var.packages}/embed-lambda.zip"
  queue_arn          = module.queue.arn
  timeout_seconds    = local.embed_timeout_seconds
  max_concurrency    = 4
  environment        = local.environment
  statements         = concat(module.database.statements, module.queue.receive_statements)
  subnet_ids         = module.network.private_subnet_ids
  security_group_ids = [module.network.client_security_group_id]
  kms_key_arn        = module.key.arn
}

module "query" {
  source = "../../modules/query-api"

  name               = var.name
  package            = "${var.packages}/query-lambda.zip"
  authorization      = var.authorization
  jwt_issuer         = var.jwt_issuer
  jwt_audience       = var.jwt_audience
  cors_origins       = var.cors_origins
  environment        = local.environment
  statements         = concat(module.database.statements, module.queue.count_statements)
  subnet_ids         = module.network.private_subnet_ids
  security_group_ids = [module.network.client_security_group_id]
  kms_key_arn        = module.key.arn
}

module "tasks" {
  source = "../../modules/tasks"

  name           = var.name
  image_uri      = var.akin_image
  repository_arn = var.akin_repository_arn
  environment    = local.environment
  statements     = concat(module.database.statements, module.queue.operate_statements)
  kms_key_arn    = module.key.arn
}

module "observability" {
  source = "../../modules/observability"

  name               = var.name
  mail_addresses     = var.mail_addresses
  queue              = module.queue.name
  dead_letters_queue = module.queue.dead_letters_name
  failures_queue     = module.ingestion.failures_name
  ingest_function    = module.ingestion.function_name
  embed_function     = module.embedding.function_name
  query_function     = module.query.function_name
  database           = module.database.identifier
  api_ids            = { query = module.query.api_id }
  kms_key_arn        = module.key.arn
}
