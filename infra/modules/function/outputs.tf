output "arn" {
  description = "The ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "name" {
  description = "The name of the function."
  value       = aws_lambda_function.this.function_name
}

output "invoke_arn" {
  description = "The ARN by which API Gateway invokes the function."
  value       = aws_lambda_function.this.invoke_arn
}

output "role_arn" {
  description = "The ARN of the function's role."
  value       = aws_iam_role.this.arn
}

output "environment" {
  description = "The variables of the function."
  value       = aws_lambda_function.this.environment[0].variables
}

output "policy" {
  description = "The policy of the function's role, in JSON."
  value       = aws_iam_role_policy.this.policy
}
