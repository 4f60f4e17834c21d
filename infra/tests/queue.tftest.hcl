mock_provider "aws" {}

variables {
  name                     = "akin-test"
  function_timeout_seconds = 300
}

run "the_queue_keeps_messages_safe" {
  module {
    source = "./modules/queue"
  }

  assert {
    condition     = aws_sqs_queue.changes.visibility_timeout_seconds == 6 * 300
    error_message = "A message must be hidden for six times the function's timeout."
  }

  assert {
    condition     = aws_sqs_queue.changes.message_retention_seconds == 1209600 && aws_sqs_queue.dead_letters.message_retention_seconds == 1209600
    error_message = "Messages are kept for 14 days."
  }

  assert {
    condition     = aws_sqs_queue.changes.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "Both queues are encrypted."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.changes.redrive_policy).maxReceiveCount == 5
    error_message = "After five deliveries a message is a dead letter."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.changes.redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead_letters.arn
    error_message = "Dead letters go to their queue."
  }
}

run "no_statement_of_a_queue_allows_anything" {
  module {
    source = "./modules/queue"
  }

  assert {
    condition = alltrue(flatten([
      for policy in aws_sqs_queue_policy.this : [
        for statement in jsondecode(policy.policy).Statement :
        statement.Effect == "Deny" && statement.Condition.Bool["aws:SecureTransport"] == "false"
      ]
    ]))
    error_message = "The policies of the queues only deny what comes without TLS."
  }
}

run "programs_may_do_what_they_need_and_no_more" {
  module {
    source = "./modules/queue"
  }

  assert {
    condition     = toset(jsondecode(output.send_statements[0]).Action) == toset(["sqs:GetQueueAttributes", "sqs:SendMessage"])
    error_message = "Who sends may only send."
  }

  assert {
    condition     = !contains(jsondecode(output.receive_statements[0]).Action, "sqs:SendMessage")
    error_message = "Who receives may not send."
  }

  assert {
    condition = alltrue([
      for statement in concat(output.send_statements, output.receive_statements) :
      jsondecode(statement).Resource == aws_sqs_queue.changes.arn
    ])
    error_message = "The right is for this queue alone."
  }
}

run "a_timeout_that_lambda_does_not_take_is_refused" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    function_timeout_seconds = 901
  }

  expect_failures = [var.function_timeout_seconds]
}
