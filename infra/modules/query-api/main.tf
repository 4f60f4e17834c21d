# The function that answers searches, behind an HTTP API.
module "function" {
  source = "../function"

  name                 = var.name
  function             = "query"
  description          = "Answers searches"
  memory_mib           = var.memory_mib
  timeout_seconds      = var.timeout_seconds
  package              = var.package
  image_uri            = var.image_uri
  reserved_concurrency = var.reserved_concurrency
  statements           = var.statements
  subnet_ids           = var.subnet_ids
  security_group_ids   = var.security_group_ids
  kms_key_arn          = var.kms_key_arn
  log_retention_days   = var.log_retention_days

  environment = merge({
    POSTGRES_MAX_CONNECTIONS = "2"
    SEARCH_DEFAULT_LIMIT     = "10"
    SEARCH_DEFAULT_THRESHOLD = "0.3"
  }, var.environment)
}

module "api" {
  source = "../http-api"

  name                = var.name
  api                 = "query"
  description         = "Searches, answered by a function"
  function            = { name = module.function.name, invoke_arn = module.function.invoke_arn }
  authorization       = var.authorization
  jwt_issuer          = var.jwt_issuer
  jwt_audience        = var.jwt_audience
  cors_origins        = var.cors_origins
  requests_per_second = var.requests_per_second
  burst               = var.burst
  kms_key_arn         = var.kms_key_arn
  log_retention_days  = var.log_retention_days
}
