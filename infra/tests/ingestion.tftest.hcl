mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }
}

variables {
  name               = "akin-test"
  package            = "tests/packages/ingest-lambda.zip"
  environment        = { POSTGRES_DB = "akin" }
  subnet_ids         = ["subnet-1"]
  security_group_ids = ["sg-client"]
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/1"
}

run "the_bucket_of_feeds_is_private_and_invokes_the_function" {
  module {
    source = "./modules/ingestion"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.feeds.block_public_acls, aws_s3_bucket_public_access_block.feeds.block_public_policy,
      aws_s3_bucket_public_access_block.feeds.ignore_public_acls, aws_s3_bucket_public_access_block.feeds.restrict_public_buckets,
    ])
    error_message = "The bucket is private."
  }

  assert {
    condition     = aws_s3_bucket_versioning.feeds.versioning_configuration[0].status == "Enabled"
    error_message = "A feed that was overwritten can be read again."
  }

  assert {
    condition     = aws_lambda_permission.feeds.source_arn == aws_s3_bucket.feeds.arn && aws_lambda_permission.feeds.source_account == "123456789012"
    error_message = "Only this bucket of this account invokes the function."
  }

  assert {
    condition     = toset(aws_s3_bucket_notification.feeds.lambda_function[0].events) == toset(["s3:ObjectCreated:*"])
    error_message = "A new object is ingested."
  }
}

run "what_failed_is_kept" {
  module {
    source = "./modules/ingestion"
  }

  assert {
    condition     = aws_scheduler_schedule.ingest.target[0].dead_letter_config[0].arn == aws_sqs_queue.failures.arn
    error_message = "The schedule keeps what it could not deliver."
  }

  assert {
    condition     = anytrue([for statement in jsondecode(output.policy).Statement : statement.Sid == "ReportFailures" && statement.Resource == aws_sqs_queue.failures.arn])
    error_message = "Events that failed for good go to a queue."
  }

  assert {
    condition     = aws_scheduler_schedule.ingest.schedule_expression == "cron(0 * * * ? *)"
    error_message = "The feed is read every hour."
  }
}

run "the_function_reads_feeds_and_nothing_else_of_the_bucket" {
  module {
    source = "./modules/ingestion"
  }

  assert {
    condition = [
      for statement in jsondecode(output.policy).Statement : statement.Resource if statement.Sid == "ReadFeeds"
    ] == ["arn:aws:s3:::akin-test-feeds-123456789012/feeds/*"]
    error_message = "The function reads objects that are feeds."
  }

  assert {
    condition     = !strcontains(output.policy, "s3:Put") && !strcontains(output.policy, "s3:*")
    error_message = "The function writes to no bucket."
  }
}
