# A shop of millions of products: Postgres with a standby and a replica, OpenSearch in three zones, an endpoint that
# embeds, the search API from functions and from containers, and a page near its customers.
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
  embedder = var.has_endpoint ? "+sagemaker" : ""

  # What every part of akin is told.
  environment = merge(
    module.database.environment,
    module.search.environment,
    module.queue.environment,
    var.has_endpoint ? module.endpoint[0].environment : {},
    { AKIN_ENGINES = "opensearch${local.embedder},postgres${local.embedder}" },
  )
  statements = concat(
    module.database.statements,
    module.search.statements,
    var.has_endpoint ? module.endpoint[0].statements : [],
  )
  clients               = [module.network.client_security_group_id]
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
  egress      = "nat"
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
  instance_class           = "db.r7g.xlarge"
  storage_gib              = 200
  max_storage_gib          = 1000
  multi_az                 = true
  has_replica              = true
  backup_days              = 14
  deletion_protection      = var.deletion_protection
  kms_key_arn              = module.key.arn
}

module "search" {
  source = "../../modules/search"

  name                     = var.name
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.private_subnet_ids
  client_security_group_id = module.network.client_security_group_id
  instance_type            = "r7g.xlarge.search"
  instance_count           = 3
  master_count             = 3
  storage_gib              = 200
  kms_key_arn              = module.key.arn
}

module "endpoint" {
  source = "../../modules/endpoint"
  count  = var.has_endpoint ? 1 : 0

  name           = var.name
  account_id     = var.account_id
  vpc_id         = module.network.vpc_id
  subnet_ids     = module.network.private_subnet_ids
  image_uri      = var.endpoint_image
  repository_arn = var.endpoint_repository_arn
  model_key      = var.model_key
  instance_count = 2
  kms_key_arn    = module.key.arn
}

module "ingestion" {
  source = "../../modules/ingestion"

  name               = var.name
  image_uri          = var.function_images.ingest
  environment        = merge(module.database.environment, module.queue.environment)
  statements         = concat(module.database.statements, module.queue.send_statements)
  complete           = var.complete
  currency           = var.currency
  memory_mib         = 2048
  subnet_ids         = module.network.private_subnet_ids
  security_group_ids = local.clients
  kms_key_arn        = module.key.arn
}

module "embedding" {
  source = "../../modules/embedding"

  name                 = var.name
  image_uri            = var.function_images.embed
  queue_arn            = module.queue.arn
  timeout_seconds      = local.embed_timeout_seconds
  max_concurrency      = 10
  reserved_concurrency = 10
  environment          = local.environment
  statements           = concat(local.statements, module.queue.receive_statements)
  subnet_ids           = module.network.private_subnet_ids
  security_group_ids   = local.clients
  kms_key_arn          = module.key.arn
}

module "query" {
  source = "../../modules/query-api"

  name               = var.name
  image_uri          = var.function_images.query
  authorization      = var.authorization
  jwt_issuer         = var.jwt_issuer
  jwt_audience       = var.jwt_audience
  cors_origins       = local.origins
  environment        = local.environment
  statements         = concat(local.statements, module.queue.count_statements)
  subnet_ids         = module.network.private_subnet_ids
  security_group_ids = local.clients
  kms_key_arn        = module.key.arn
}

module "tasks" {
  source = "../../modules/tasks"

  name           = var.name
  image_uri      = var.akin_image
  repository_arn = var.akin_repository_arn
  environment    = local.environment
  statements     = concat(local.statements, module.queue.operate_statements)
  kms_key_arn    = module.key.arn
}

module "service" {
  source = "../../modules/service"

  name                = var.name
  vpc_id              = module.network.vpc_id
  cluster_arn         = module.tasks.cluster_arn
  cluster_name        = module.tasks.cluster_name
  image_uri           = var.akin_image
  repository_arn      = var.akin_repository_arn
  certificate_arn     = var.certificate_arn
  host_name           = var.host_name
  authorization       = var.authorization
  jwt_issuer          = var.jwt_issuer
  jwt_audience        = var.jwt_audience
  cors_origins        = local.origins
  environment         = local.environment
  statements          = concat(local.statements, module.queue.count_statements)
  min_tasks           = 2
  max_tasks           = 6
  deletion_protection = var.deletion_protection
  subnet_ids          = module.network.private_subnet_ids
  security_group_ids  = local.clients
  kms_key_arn         = module.key.arn
}

# The page calls the APIs and the APIs accept its origin: the name that breaks the circle is the page's own domain.
locals {
  origins = distinct(concat(var.cors_origins, [for host in var.page_host_names : "https://${host}"]))
}

module "page" {
  source = "../../modules/page"

  name            = var.name
  account_id      = var.account_id
  api_origins     = [for url in [module.query.url, module.service.url] : trimsuffix(url, "/")]
  host_names      = var.page_host_names
  certificate_arn = var.page_certificate_arn
  web_acl_arn     = var.web_acl_arn
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
  api_ids            = { query = module.query.api_id, serve = module.service.api_id }
  kms_key_arn        = module.key.arn
}
