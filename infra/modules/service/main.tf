# `akin serve` in containers behind an internal load balancer, and an HTTP API that reaches it through a VPC link.
data "aws_region" "current" {}

locals {
  service  = "${var.name}-serve"
  port     = 8080
  has_tls  = var.certificate_arn != null
  listened = local.has_tls ? 443 : 80
  environment = merge({
    AKIN_LISTEN       = "0.0.0.0:${local.port}"
    AKIN_STORE        = "postgres"
    AKIN_QUEUE        = "sqs"
    AKIN_MODELS       = "/usr/share/akin/models"
    AKIN_IDLE_TIMEOUT = tostring(local.idle_seconds + 15)
    AWS_REGION        = data.aws_region.current.region
    LOG_LEVEL         = "info"
    LOG_JSON          = "true"

    POSTGRES_MAX_CONNECTIONS = "8"
    POSTGRES_SSLROOTCERT     = "/etc/akin/certificates.pem"
    SEARCH_DEFAULT_LIMIT     = "10"
    SEARCH_DEFAULT_THRESHOLD = "0.3"
  }, var.environment)

  # akin keeps a connection open for longer than the load balancer does, or a request could meet its end.
  idle_seconds = 60

  assumed_by_tasks = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_security_group" "link" {
  name        = "${local.service}-link"
  description = "The VPC link of the API"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "link" {
  security_group_id            = aws_security_group.link.id
  description                  = "Requests to the load balancer"
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = local.listened
  to_port                      = local.listened
}

resource "aws_security_group" "balancer" {
  name        = "${local.service}-balancer"
  description = "The load balancer of akin"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "balancer" {
  security_group_id            = aws_security_group.balancer.id
  description                  = "Requests of the API"
  referenced_security_group_id = aws_security_group.link.id
  ip_protocol                  = "tcp"
  from_port                    = local.listened
  to_port                      = local.listened
}

resource "aws_vpc_security_group_egress_rule" "balancer" {
  security_group_id            = aws_security_group.balancer.id
  description                  = "Requests to akin"
  referenced_security_group_id = aws_security_group.task.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_security_group" "task" {
  name        = local.service
  description = "Containers of akin serve; what they call is allowed by the group of clients"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "task" {
  security_group_id            = aws_security_group.task.id
  description                  = "Requests of the load balancer"
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_91:The API in front logs every request.
  #checkov:skip=CKV_AWS_150:Whether it may be deleted is a variable, so that a trial can be taken down.
  name                       = local.service
  load_balancer_type         = "application"
  internal                   = true
  subnets                    = var.subnet_ids
  security_groups            = [aws_security_group.balancer.id]
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  idle_timeout               = local.idle_seconds
  enable_deletion_protection = var.deletion_protection
}

resource "aws_lb_target_group" "this" {
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer; behind it only these containers accept its requests.
  name                 = local.service
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = local.port
  deregistration_delay = 30

  health_check {
    path                = "/api/health_status"
    matcher             = "200"
    interval            = 30
    timeout             = 5
    healthy_threshold   = 3
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "this" {
  #checkov:skip=CKV_AWS_2:Without a certificate of the account, HTTP stays between the VPC link and the load balancer.
  #checkov:skip=CKV_AWS_103:The policy below is for TLS 1.3 and 1.2 where there is a certificate.
  #checkov:skip=CKV2_AWS_20:The load balancer is internal and has one listener.
  load_balancer_arn = aws_lb.this.arn
  port              = local.listened
  protocol          = local.has_tls ? "HTTPS" : "HTTP"
  certificate_arn   = var.certificate_arn
  ssl_policy        = local.has_tls ? "ELBSecurityPolicy-TLS13-1-2-2021-06" : null

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/serve"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_ecs_task_definition" "this" {
  family                   = local.service
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory_mib
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.task.arn

  container_definitions = jsonencode([{
    name                   = "akin"
    image                  = var.image_uri
    command                = ["serve"]
    essential              = true
    readonlyRootFilesystem = true
    stopTimeout            = 30
    portMappings           = [{ containerPort = local.port, protocol = "tcp" }]
    environment            = [for key, value in local.environment : { name = key, value = value }]
    ulimits                = [{ name = "nofile", softLimit = 8192, hardLimit = 8192 }]

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

resource "aws_ecs_service" "this" {
  name                               = local.service
  cluster                            = var.cluster_arn
  task_definition                    = aws_ecs_task_definition.this.arn
  desired_count                      = var.min_tasks
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 60
  propagate_tags                     = "SERVICE"
  enable_execute_command             = false
  platform_version                   = "LATEST"

  # Half of the tasks beyond the first may be taken away at two minutes' notice, for a third of the price.
  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    base              = 1
    weight            = 1
  }

  capacity_provider_strategy {
    capacity_provider = "FARGATE_SPOT"
    weight            = 1
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = concat([aws_security_group.task.id], var.security_group_ids)
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = "akin"
    container_port   = local.port
  }

  # The number of tasks belongs to the scaling below.
  lifecycle {
    ignore_changes = [desired_count]
  }

  depends_on = [aws_lb_listener.this, aws_ecs_cluster_capacity_providers.this]
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = var.cluster_name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster_name}/${aws_ecs_service.this.name}"
  min_capacity       = var.min_tasks
  max_capacity       = var.max_tasks
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "${local.service}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = 60
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

module "api" {
  source = "../http-api"

  name                = var.name
  api                 = "serve"
  description         = "Searches, answered by containers"
  routes              = var.routes
  authorization       = var.authorization
  jwt_issuer          = var.jwt_issuer
  jwt_audience        = var.jwt_audience
  cors_origins        = var.cors_origins
  requests_per_second = var.requests_per_second
  burst               = var.burst
  kms_key_arn         = var.kms_key_arn
  log_retention_days  = var.log_retention_days

  service = {
    listener_arn      = aws_lb_listener.this.arn
    host_name         = var.host_name
    subnet_ids        = var.subnet_ids
    security_group_id = aws_security_group.link.id
  }
}

resource "aws_iam_role" "start" {
  name        = "${local.service}-start"
  description = "Starts containers of ${local.service}"

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

resource "aws_iam_role" "task" {
  name        = local.service
  description = "akin serve of ${var.name}"

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
