mock_provider "aws" {}

variables {
  name               = "akin-test"
  account_id         = "123456789012"
  vpc_id             = "vpc-1"
  subnet_ids         = ["subnet-1", "subnet-2"]
  security_group_ids = ["sg-client"]
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/1"
  image_uri          = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/akin/akin@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  repository_arn     = "arn:aws:ecr:eu-west-1:123456789012:repository/akin/akin"
  environment        = { AKIN_ENGINES = "postgres" }
}

run "an_api_is_throttled_logged_and_for_signed_requests" {
  module {
    source = "./modules/http-api"
  }

  variables {
    api         = "query"
    description = "Searches"
    function    = { name = "query", invoke_arn = "arn:aws:apigateway:1" }
  }

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.this : route.authorization_type == "AWS_IAM"])
    error_message = "By default only signed requests are answered."
  }

  assert {
    condition     = aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit == 50 && aws_apigatewayv2_stage.this.default_route_settings[0].throttling_burst_limit == 100
    error_message = "Requests are throttled."
  }

  assert {
    condition     = length(jsondecode(aws_apigatewayv2_stage.this.access_log_settings[0].format)) >= 12
    error_message = "The access log says who asked for what, and how it went."
  }

  assert {
    condition     = aws_apigatewayv2_integration.function[0].payload_format_version == "2.0" && length(aws_apigatewayv2_vpc_link.service) == 0
    error_message = "The function gets events of payload format 2.0."
  }

  assert {
    condition     = length(aws_apigatewayv2_api.this.cors_configuration) == 0
    error_message = "Without an origin, no page of another origin may call the API."
  }
}

run "tokens_of_an_issuer_are_checked" {
  module {
    source = "./modules/http-api"
  }

  variables {
    api           = "query"
    description   = "Searches"
    function      = { name = "query", invoke_arn = "arn:aws:apigateway:1" }
    authorization = "JWT"
    jwt_issuer    = "https://login.shop.example"
    jwt_audience  = ["search"]
    cors_origins  = ["https://shop.example"]
  }

  assert {
    condition     = aws_apigatewayv2_authorizer.jwt[0].jwt_configuration[0].issuer == "https://login.shop.example"
    error_message = "The authorizer knows the issuer."
  }

  assert {
    condition     = toset(aws_apigatewayv2_api.this.cors_configuration[0].allow_origins) == toset(["https://shop.example"])
    error_message = "The origin of the page is allowed, and no other."
  }
}

run "tokens_without_an_audience_and_any_origin_are_refused" {
  command = plan

  module {
    source = "./modules/http-api"
  }

  variables {
    api           = "query"
    description   = "Searches"
    function      = { name = "query", invoke_arn = "arn:aws:apigateway:1" }
    authorization = "JWT"
    jwt_issuer    = "https://login.shop.example"
    cors_origins  = ["*"]
  }

  expect_failures = [var.jwt_audience, var.cors_origins]
}

run "the_service_is_reached_through_the_load_balancer_alone" {
  module {
    source = "./modules/service"
  }

  variables {
    cluster_arn  = "arn:aws:ecs:eu-west-1:123456789012:cluster/akin-test"
    cluster_name = "akin-test"
  }

  assert {
    condition     = aws_lb.this.internal && aws_lb.this.enable_deletion_protection
    error_message = "The load balancer has no public address."
  }

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.task.referenced_security_group_id == aws_security_group.balancer.id &&
      aws_vpc_security_group_ingress_rule.balancer.referenced_security_group_id == aws_security_group.link.id
    )
    error_message = "The API reaches the load balancer, and the load balancer the containers."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].readonlyRootFilesystem && !aws_ecs_service.this.network_configuration[0].assign_public_ip
    error_message = "Containers cannot write to their image, and have no public address."
  }

  assert {
    condition     = aws_lb_target_group.this.health_check[0].path == "/api/health_status" && aws_lb_target_group.this.health_check[0].interval == 30
    error_message = "The load balancer asks akin for its health."
  }

  assert {
    condition     = tonumber(output.environment.AKIN_IDLE_TIMEOUT) > aws_lb.this.idle_timeout
    error_message = "akin keeps connections open for longer than the load balancer."
  }

  assert {
    condition     = aws_ecs_service.this.deployment_circuit_breaker[0].rollback
    error_message = "A deployment whose containers do not start is taken back."
  }
}

run "the_page_is_read_by_its_distribution_alone" {
  module {
    source = "./modules/page"
  }

  variables {
    api_origins = ["https://api.example"]
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.page.block_public_acls, aws_s3_bucket_public_access_block.page.block_public_policy,
      aws_s3_bucket_public_access_block.page.ignore_public_acls, aws_s3_bucket_public_access_block.page.restrict_public_buckets,
    ])
    error_message = "The bucket is private."
  }

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.page.policy).Statement[0].Condition.StringEquals["AWS:SourceArn"] == aws_cloudfront_distribution.this.arn
    error_message = "Only this distribution reads the bucket."
  }

  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https" && aws_cloudfront_distribution.this.is_ipv6_enabled
    error_message = "The page is delivered by HTTPS, and by IPv6."
  }

  assert {
    condition     = aws_cloudfront_cache_policy.this["page"].max_ttl == 0 && aws_cloudfront_cache_policy.this["assets"].max_ttl == 86400
    error_message = "The page is asked for each time, and its other files are kept for a day."
  }
}

run "the_endpoint_reads_its_model_and_calls_nobody" {
  module {
    source = "./modules/endpoint"
  }

  assert {
    condition     = aws_sagemaker_model.this.enable_network_isolation && aws_sagemaker_model.this.primary_container[0].environment.AKIN_MODEL == "/opt/ml/model"
    error_message = "The container reads the model that SageMaker unpacked, and has no network."
  }

  assert {
    condition = toset([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid if statement.Resource == "*"
    ]) == toset(["LogIn", "Network"])
    error_message = "Only what cannot be named is allowed on all resources."
  }
}

run "alarms_tell_what_is_missing" {
  module {
    source = "./modules/observability"
  }

  variables {
    queue              = "changes"
    dead_letters_queue = "dead"
    failures_queue     = "failures"
    ingest_function    = "ingest"
    embed_function     = "embed"
    query_function     = "query"
    database           = "postgres"
    api_ids            = { query = "abc" }
    mail_addresses     = ["shop@shop.example"]
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.messages["dead-letters"].threshold == 0 && aws_cloudwatch_metric_alarm.messages["dead-letters"].comparison_operator == "GreaterThanThreshold"
    error_message = "One dead letter is one too many."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.last_run.treat_missing_data == "breaching"
    error_message = "A schedule that no longer runs is noticed."
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.errors)) == toset(["ingest", "embed", "query"])
    error_message = "Errors of each function are noticed."
  }

  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id != null && length(aws_sns_topic_subscription.mail) == 1
    error_message = "Alarms reach somebody."
  }
}
