mock_provider "aws" {}

variables {
  name               = "akin-test"
  image_uri          = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/akin/lambda@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  environment        = { POSTGRES_DB = "akin" }
  subnet_ids         = ["subnet-1"]
  security_group_ids = ["sg-1"]
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/1"
}

run "the_embedding_function_loses_no_message" {
  module {
    source = "./modules/embedding"
  }

  variables {
    queue_arn = "arn:aws:sqs:eu-west-1:123456789012:akin-test-changes"
  }

  assert {
    condition     = toset(aws_lambda_event_source_mapping.changes.function_response_types) == toset(["ReportBatchItemFailures"])
    error_message = "Without it, SQS deletes the messages that were not processed."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.changes.scaling_config[0].maximum_concurrency == 10
    error_message = "The number of batches at a time is bounded."
  }

  assert {
    condition     = output.environment.POSTGRES_MAX_CONNECTIONS == "2" && output.environment.POSTGRES_DB == "akin"
    error_message = "The function has its settings."
  }
}

run "a_function_has_the_rights_that_it_needs" {
  module {
    source = "./modules/function"
  }

  variables {
    function        = "embed"
    description     = "Embeds"
    memory_mib      = 2048
    timeout_seconds = 300
    statements      = ["{\"Sid\":\"Extra\",\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\"],\"Resource\":\"arn:aws:s3:::a/b\"}"]
  }

  assert {
    condition = toset([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid
      if statement.Effect == "Allow" && statement.Resource == "*"
    ]) == toset(["Network", "Trace"])
    error_message = "Only what cannot be named is allowed on all resources."
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Effect == "Deny" && contains(statement.Action, "ec2:CreateNetworkInterface")
    ])
    error_message = "The code of the function may not change the network."
  }

  assert {
    condition     = anytrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid == "Extra"])
    error_message = "Statements of other modules are joined."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 30 && aws_cloudwatch_log_group.this.kms_key_id != null
    error_message = "Logs are encrypted, and end."
  }

  assert {
    condition     = length(aws_lambda_function_event_invoke_config.this) == 0
    error_message = "Without a queue of failures nothing is invoked asynchronously."
  }
}

run "an_image_by_its_tag_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    function        = "embed"
    description     = "Embeds"
    memory_mib      = 2048
    timeout_seconds = 300
    image_uri       = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/akin/lambda:latest"
  }

  expect_failures = [var.image_uri]
}

run "a_function_without_code_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    function        = "embed"
    description     = "Embeds"
    memory_mib      = 2048
    timeout_seconds = 300
    image_uri       = null
  }

  expect_failures = [aws_lambda_function.this]
}
