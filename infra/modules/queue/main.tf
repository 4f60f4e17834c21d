# The queue of changes and its dead letters.
locals {
  # A message must not return while the function still works on it, even if Lambda retries a throttled batch.
  visibility = 6 * var.function_timeout_seconds
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-changes-dead"
  message_retention_seconds = 14 * 86400
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "changes" {
  name                       = "${var.name}-changes"
  message_retention_seconds  = 14 * 86400
  visibility_timeout_seconds = local.visibility
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.changes.arn]
  })
}

# Roles of this account say who may use the queues. Nobody else may, and nobody without TLS.
resource "aws_sqs_queue_policy" "this" {
  for_each = { changes = aws_sqs_queue.changes, dead_letters = aws_sqs_queue.dead_letters }

  queue_url = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = each.value.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
