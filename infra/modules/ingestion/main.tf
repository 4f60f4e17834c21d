# The bucket of feeds, the function that ingests them, and its schedule.
data "aws_caller_identity" "current" {}

locals {
  bucket = "${var.name}-feeds-${data.aws_caller_identity.current.account_id}"
}

resource "aws_s3_bucket" "feeds" {
  #checkov:skip=CKV_AWS_18:Who reads and writes feeds is logged by CloudTrail, if the account has data events turned on.
  #checkov:skip=CKV_AWS_144:A feed can be exported again; a copy in another region is for the shop to decide.
  bucket = local.bucket
}

resource "aws_s3_bucket_public_access_block" "feeds" {
  bucket = aws_s3_bucket.feeds.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "feeds" {
  bucket = aws_s3_bucket.feeds.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "feeds" {
  bucket = aws_s3_bucket.feeds.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "feeds" {
  bucket = aws_s3_bucket.feeds.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "feeds" {
  bucket = aws_s3_bucket.feeds.id

  rule {
    id     = "earlier-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.feeds]
}

resource "aws_s3_bucket_policy" "feeds" {
  bucket = aws_s3_bucket.feeds.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.feeds.arn, "${aws_s3_bucket.feeds.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.feeds]
}

# Events that failed for good: S3 and the schedule invoke asynchronously, so nothing else keeps them.
resource "aws_sqs_queue" "failures" {
  name                      = "${var.name}-ingest-failures"
  message_retention_seconds = 14 * 86400
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "failures" {
  queue_url = aws_sqs_queue.failures.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.failures.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

module "function" {
  source = "../function"

  name                 = var.name
  function             = "ingest"
  description          = "Reads feeds, stores what changed, and sends the changes to the queue"
  memory_mib           = var.memory_mib
  timeout_seconds      = var.timeout_seconds
  package              = var.package
  image_uri            = var.image_uri
  reserved_concurrency = var.reserved_concurrency
  failure_queue        = { arn = aws_sqs_queue.failures.arn }
  subnet_ids           = var.subnet_ids
  security_group_ids   = var.security_group_ids
  kms_key_arn          = var.kms_key_arn
  log_retention_days   = var.log_retention_days

  environment = merge({
    AWS_S3_SAMPLE_DATA_BUCKET_NAME = local.bucket
    AWS_S3_SAMPLE_DATA_KEY         = var.feed_key
    AKIN_COMPLETE                  = tostring(var.complete)
    AKIN_CURRENCY                  = var.currency
    AKIN_RATES                     = join(",", var.rates)
    AKIN_FEED_MAP                  = var.feed_map
    POSTGRES_MAX_CONNECTIONS       = "2"
  }, var.environment)

  statements = concat(var.statements, [
    jsonencode({
      Sid      = "ReadFeeds"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = "arn:aws:s3:::${local.bucket}/${var.feed_prefix}*"
    }),
    jsonencode({
      Sid       = "FindFeeds"
      Effect    = "Allow"
      Action    = ["s3:ListBucket"]
      Resource  = "arn:aws:s3:::${local.bucket}"
      Condition = { StringLike = { "s3:prefix" = "${var.feed_prefix}*" } }
    }),
  ])
}

resource "aws_lambda_permission" "feeds" {
  statement_id   = "Feeds"
  action         = "lambda:InvokeFunction"
  function_name  = module.function.name
  principal      = "s3.amazonaws.com"
  source_arn     = aws_s3_bucket.feeds.arn
  source_account = data.aws_caller_identity.current.account_id
}

resource "aws_s3_bucket_notification" "feeds" {
  bucket = aws_s3_bucket.feeds.id

  lambda_function {
    lambda_function_arn = module.function.arn
    events              = ["s3:ObjectCreated:*"]
    filter_prefix       = var.feed_prefix
  }

  depends_on = [aws_lambda_permission.feeds]
}

resource "aws_scheduler_schedule" "ingest" {
  name                = "${var.name}-ingest"
  description         = "Reads the feed again, so that nothing depends on one event"
  schedule_expression = var.schedule
  kms_key_arn         = var.kms_key_arn

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 5
  }

  target {
    arn      = module.function.arn
    role_arn = aws_iam_role.schedule.arn
    input    = jsonencode({})

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 5
    }

    dead_letter_config {
      arn = aws_sqs_queue.failures.arn
    }
  }
}

resource "aws_iam_role" "schedule" {
  name        = "${var.name}-ingest-schedule"
  description = "The schedule of ${var.name}-ingest"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "invoke"
  role = aws_iam_role.schedule.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Invoke"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = module.function.arn
      },
      {
        Sid      = "KeepWhatFailed"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.failures.arn
      },
      {
        Sid      = "Decrypt"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = var.kms_key_arn
      },
    ]
  })
}
