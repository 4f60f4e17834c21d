output "bucket" {
  description = "The bucket of feeds."
  value       = aws_s3_bucket.feeds.id
}

output "function_name" {
  description = "The name of the function."
  value       = module.function.name
}

output "failures_name" {
  description = "The name of the queue of events that failed for good."
  value       = aws_sqs_queue.failures.name
}

output "environment" {
  description = "The variables of the function."
  value       = module.function.environment
}

output "policy" {
  description = "The policy of the function's role, in JSON."
  value       = module.function.policy
}
