# One function of AWS Lambda, from a package or from an image, with a role of its own.
data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  full_name = "${var.name}-${var.function}"
  arn = join(":", [
    "arn", data.aws_partition.current.partition, "lambda", data.aws_region.current.region,
    data.aws_caller_identity.current.account_id, "function", local.full_name,
  ])

  # Lambda itself needs these to place the function in the VPC, and they cannot be limited to resources that do not exist
  # yet. So the code of the function is denied what its role allows.
  network_actions = [
    "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
  ]
  own_statements = [
    {
      # For its own variables, and for the secrets and the feeds that it may read.
      Sid      = "Decrypt"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = var.kms_key_arn
    },
    {
      Sid      = "Log"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.this.arn}:*"
    },
    {
      Sid      = "Network"
      Effect   = "Allow"
      Action   = local.network_actions
      Resource = "*"
    },
    {
      Sid       = "NetworkOnlyForLambda"
      Effect    = "Deny"
      Action    = local.network_actions
      Resource  = "*"
      Condition = { ArnEquals = { "lambda:SourceFunctionArn" = local.arn } }
    },
    {
      # Traces have no ARN.
      Sid      = "Trace"
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = "*"
    },
  ]
  failure_statements = var.failure_queue == null ? [] : [{
    Sid      = "ReportFailures"
    Effect   = "Allow"
    Action   = ["sqs:SendMessage"]
    Resource = var.failure_queue.arn
  }]
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.full_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_iam_role" "this" {
  name        = local.full_name
  description = "The function ${local.full_name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# Statements of several modules differ in their keys, which a list does not allow: they are joined as JSON.
resource "aws_iam_role_policy" "this" {
  name = "function"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.own_statements, local.failure_statements, [for text in var.statements : jsondecode(text)])
  })
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:The number of concurrent executions is a variable, because it belongs to the account's quota.
  #checkov:skip=CKV_AWS_116:A dead-letter queue is for asynchronous events alone; those have an on-failure destination.
  #checkov:skip=CKV_AWS_272:Packages are deployed by hash and images by digest; signing them is for the account to decide.
  function_name                  = local.full_name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  architectures                  = ["x86_64"]
  package_type                   = var.image_uri == null ? "Zip" : "Image"
  image_uri                      = var.image_uri
  filename                       = var.package
  source_code_hash               = var.package == null ? null : filebase64sha256(var.package)
  runtime                        = var.image_uri == null ? "provided.al2023" : null
  handler                        = var.image_uri == null ? "bootstrap" : null
  memory_size                    = var.memory_mib
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn

  environment {
    variables = merge({
      LOG_LEVEL            = "info"
      LOG_JSON             = "true"
      POSTGRES_SSLROOTCERT = "/var/task/certificates.pem"
    }, var.environment)
  }

  vpc_config {
    subnet_ids         = var.subnet_ids
    security_group_ids = var.security_group_ids
  }

  tracing_config {
    mode = "Active"
  }

  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]

  lifecycle {
    precondition {
      condition     = (var.package == null) != (var.image_uri == null)
      error_message = "Set either the package or the image of ${local.full_name}."
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "this" {
  count = var.failure_queue == null ? 0 : 1

  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 6 * 3600

  destination_config {
    on_failure {
      destination = var.failure_queue.arn
    }
  }
}
