# The cluster of containers, and the command `akin` as a task that is run by hand: `akin migrate` before the first
# function, `akin status`, `akin queue redrive`. A cluster without a task costs nothing.
data "aws_region" "current" {}

locals {
  family = "${var.name}-akin"
  environment = merge({
    AKIN_STORE  = "postgres"
    AKIN_QUEUE  = "sqs"
    AWS_REGION  = data.aws_region.current.region
    LOG_LEVEL   = "info"
    AKIN_MODELS = "/usr/share/akin/models"

    POSTGRES_SSLROOTCERT = "/etc/akin/certificates.pem"
  }, var.environment)
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  configuration {
    execute_command_configuration {
      kms_key_id = var.kms_key_arn
      logging    = "OVERRIDE"

      log_configuration {
        cloud_watch_encryption_enabled = true
        cloud_watch_log_group_name     = aws_cloudwatch_log_group.this.name
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/tasks"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_ecs_task_definition" "akin" {
  family                   = local.family
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 2048
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.task.arn

  container_definitions = jsonencode([{
    name                   = "akin"
    image                  = var.image_uri
    command                = ["status"]
    essential              = true
    readonlyRootFilesystem = true
    environment            = [for key, value in local.environment : { name = key, value = value }]

    linuxParameters = { initProcessEnabled = true }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = data.aws_region.current.region
        awslogs-stream-prefix = "akin"
      }
    }
  }])
}

# What ECS needs to start a task.
resource "aws_iam_role" "start" {
  name        = "${local.family}-start"
  description = "Starts tasks of ${local.family}"

  assume_role_policy = local.assumed_by_tasks
}

resource "aws_iam_role_policy" "start" {
  name = "start"
  role = aws_iam_role.start.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = var.repository_arn
      },
      {
        # A token of ECR has no ARN.
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
    ]
  })
}

# What akin may do.
resource "aws_iam_role" "task" {
  name        = local.family
  description = "The command akin of ${var.name}"

  assume_role_policy = local.assumed_by_tasks
}

resource "aws_iam_role_policy" "task" {
  name = "akin"
  role = aws_iam_role.task.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([for text in var.statements : jsondecode(text)], [{
      Sid      = "Decrypt"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = var.kms_key_arn
    }])
  })
}

locals {
  assumed_by_tasks = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}
