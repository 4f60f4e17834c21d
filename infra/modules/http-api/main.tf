# An HTTP API in front of a function, or of a load balancer behind a VPC link.
locals {
  is_function = var.function != null
  integration = local.is_function ? aws_apigatewayv2_integration.function[0].id : aws_apigatewayv2_integration.service[0].id
  is_jwt      = var.authorization == "JWT"
  log_fields = {
    requestId    = "$context.requestId"
    requestTime  = "$context.requestTime"
    sourceIp     = "$context.identity.sourceIp"
    httpMethod   = "$context.httpMethod"
    routeKey     = "$context.routeKey"
    path         = "$context.path"
    protocol     = "$context.protocol"
    status       = "$context.status"
    responseSize = "$context.responseLength"
    latency      = "$context.responseLatency"
    backend      = "$context.integrationLatency"
    error        = "$context.error.message"
    backendError = "$context.integrationErrorMessage"
    authorizer   = "$context.authorizer.error"
  }
}

resource "aws_apigatewayv2_api" "this" {
  name          = "${var.name}-${var.api}"
  description   = var.description
  protocol_type = "HTTP"

  dynamic "cors_configuration" {
    for_each = length(var.cors_origins) > 0 ? [var.cors_origins] : []

    content {
      allow_origins = cors_configuration.value
      allow_methods = ["GET", "POST"]
      allow_headers = ["authorization", "content-type"]
      max_age       = 3600
    }
  }
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit    = var.requests_per_second
    throttling_burst_limit   = var.burst
    detailed_metrics_enabled = true
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = jsonencode(local.log_fields)
  }
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/${var.name}/${var.api}/access"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  count = local.is_jwt ? 1 : 0

  api_id           = aws_apigatewayv2_api.this.id
  name             = "jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.jwt_issuer
    audience = var.jwt_audience
  }
}

resource "aws_apigatewayv2_route" "this" {
  #checkov:skip=CKV_AWS_309:A shop's search may be public; then the variable says so, and the throttle bounds it.
  for_each = toset(var.routes)

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.value
  target             = "integrations/${local.integration}"
  authorization_type = var.authorization
  authorizer_id      = local.is_jwt ? aws_apigatewayv2_authorizer.jwt[0].id : null
}

resource "aws_apigatewayv2_integration" "function" {
  count = local.is_function ? 1 : 0

  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = var.function.invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 29000
}

resource "aws_lambda_permission" "api" {
  count = local.is_function ? 1 : 0

  statement_id  = "HttpApi"
  action        = "lambda:InvokeFunction"
  function_name = var.function.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/*"
}

resource "aws_apigatewayv2_vpc_link" "service" {
  count = local.is_function ? 0 : 1

  name               = "${var.name}-${var.api}"
  subnet_ids         = var.service.subnet_ids
  security_group_ids = [var.service.security_group_id]
}

resource "aws_apigatewayv2_integration" "service" {
  count = local.is_function ? 0 : 1

  api_id               = aws_apigatewayv2_api.this.id
  integration_type     = "HTTP_PROXY"
  integration_method   = "ANY"
  integration_uri      = var.service.listener_arn
  connection_type      = "VPC_LINK"
  connection_id        = aws_apigatewayv2_vpc_link.service[0].id
  timeout_milliseconds = 29000

  dynamic "tls_config" {
    for_each = var.service.host_name == null ? [] : [var.service.host_name]

    content {
      server_name_to_verify = tls_config.value
    }
  }
}
