# The function that embeds the changes in the queue.
module "function" {
  source = "../function"

  name                 = var.name
  function             = "embed"
  description          = "Embeds the changes in the queue"
  memory_mib           = var.memory_mib
  timeout_seconds      = var.timeout_seconds
  package              = var.package
  image_uri            = var.image_uri
  reserved_concurrency = var.reserved_concurrency
  environment          = merge({ POSTGRES_MAX_CONNECTIONS = "2" }, var.environment)
  statements           = var.statements
  subnet_ids           = var.subnet_ids
  security_group_ids   = var.security_group_ids
  kms_key_arn          = var.kms_key_arn
  log_retention_days   = var.log_retention_days
}

resource "aws_lambda_event_source_mapping" "changes" {
  event_source_arn                   = var.queue_arn
  function_name                      = module.function.arn
  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = var.batching_window_seconds

  # Without this, SQS deletes the messages that were not processed.
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.max_concurrency
  }
}
