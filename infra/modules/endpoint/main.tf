# A SageMaker endpoint that embeds texts: the image runs `akin serve-embeddings`, the model comes from S3.
data "aws_region" "current" {}

locals {
  endpoint = "${var.name}-embeddings"
  # A model never changes: another image or archive is another model.
  model     = "${local.endpoint}-${substr(sha256("${var.image_uri} ${var.model_key}"), 0, 8)}"
  archive   = "s3://${aws_s3_bucket.models.id}/${var.model_key}"
  model_key = "${aws_s3_bucket.models.arn}/${var.model_key}"
}

resource "aws_s3_bucket" "models" {
  #checkov:skip=CKV_AWS_18:Who reads models is logged by CloudTrail, if the account has data events turned on.
  #checkov:skip=CKV_AWS_144:A model can be packed again; the archive has the same bytes.
  #checkov:skip=CKV2_AWS_61:Models are few, and each is kept for as long as an endpoint may go back to it.
  #checkov:skip=CKV2_AWS_62:Nothing is to be done when a model arrives: deploying it is a decision.
  bucket = "${var.name}-models-${var.account_id}"
}

resource "aws_s3_bucket_public_access_block" "models" {
  bucket = aws_s3_bucket.models.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "models" {
  bucket = aws_s3_bucket.models.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "models" {
  bucket = aws_s3_bucket.models.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_sagemaker_model" "this" {
  name                     = local.model
  execution_role_arn       = aws_iam_role.this.arn
  enable_network_isolation = true

  primary_container {
    image          = var.image_uri
    model_data_url = local.archive

    # SageMaker unpacks the archive there.
    environment = {
      AKIN_MODEL = "/opt/ml/model"
      LOG_LEVEL  = "info"
      LOG_JSON   = "true"
    }
  }

  vpc_config {
    subnets            = var.subnet_ids
    security_group_ids = [aws_security_group.this.id]
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy.this]
}

# The containers call nobody, and SageMaker reaches them by itself.
resource "aws_security_group" "this" {
  name        = local.endpoint
  description = "The endpoint of embeddings: no connection in or out"
  vpc_id      = var.vpc_id

  tags = { Name = local.endpoint }
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  name_prefix = "${local.endpoint}-"
  kms_key_arn = var.kms_key_arn

  production_variants {
    variant_name           = "primary"
    model_name             = aws_sagemaker_model.this.name
    instance_type          = var.instance_type
    initial_instance_count = var.instance_count
    initial_variant_weight = 1

    container_startup_health_check_timeout_in_seconds = 120
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint" "this" {
  name                 = local.endpoint
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this.name

  deployment_config {
    rolling_update_policy {
      wait_interval_in_seconds = 60

      maximum_batch_size {
        type  = "INSTANCE_COUNT"
        value = 1
      }
    }
  }
}

resource "aws_iam_role" "this" {
  name        = local.endpoint
  description = "The endpoint of embeddings of ${var.name}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  #checkov:skip=CKV_AWS_289:The permission of a network interface is SageMaker's own use of it.
  #checkov:skip=CKV_AWS_290:SageMaker creates the network interfaces, which cannot be named before.
  #checkov:skip=CKV_AWS_355:As above, and a token of ECR has no ARN.
  name = "endpoint"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadModel"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = local.model_key
      },
      {
        Sid      = "Decrypt"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:CreateGrant"]
        Resource = var.kms_key_arn
      },
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = var.repository_arn
      },
      {
        Sid      = "LogIn"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = "*"
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.this.arn}:*"
      },
      {
        Sid    = "Network"
        Effect = "Allow"
        Action = [
          "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface",
          "ec2:DeleteNetworkInterfacePermission", "ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
        ]
        Resource = "*"
      },
    ]
  })
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/sagemaker/Endpoints/${local.endpoint}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}
