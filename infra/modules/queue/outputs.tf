output "arn" {
  description = "The ARN of the queue."
  value       = aws_sqs_queue.changes.arn
}

output "name" {
  description = "The name of the queue."
  value       = aws_sqs_queue.changes.name
}

output "dead_letters_name" {
  description = "The name of the queue of dead letters."
  value       = aws_sqs_queue.dead_letters.name
}

output "dead_letters_arn" {
  description = "The ARN of the queue of dead letters."
  value       = aws_sqs_queue.dead_letters.arn
}

output "environment" {
  description = "The settings of akin for this queue."
  value       = { AWS_SQS_SUBSCRIBED_QUEUE_URL = aws_sqs_queue.changes.id }
}

output "send_statements" {
  description = "What a program may do that sends changes."
  value = [jsonencode({
    Sid      = "SendChanges"
    Effect   = "Allow"
    Action   = ["sqs:GetQueueAttributes", "sqs:SendMessage"]
    Resource = aws_sqs_queue.changes.arn
  })]
}

output "receive_statements" {
  description = "What a program may do that processes changes."
  value = [jsonencode({
    Sid      = "ReceiveChanges"
    Effect   = "Allow"
    Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    Resource = aws_sqs_queue.changes.arn
  })]
}

output "count_statements" {
  description = "What a program may do that shows how many changes wait."
  value = [jsonencode({
    Sid      = "CountChanges"
    Effect   = "Allow"
    Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
    Resource = [aws_sqs_queue.changes.arn, aws_sqs_queue.dead_letters.arn]
  })]
}

output "operate_statements" {
  description = "What a person may do who lists the dead letters and sends them back by the command akin."
  value = [jsonencode({
    Sid    = "OperateQueue"
    Effect = "Allow"
    Action = [
      "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
      "sqs:ReceiveMessage", "sqs:SendMessage",
    ]
    Resource = [aws_sqs_queue.changes.arn, aws_sqs_queue.dead_letters.arn]
  })]
}
