output "plan_role_arn" {
  description = "The role of plans: the variable AWS_PLAN_ROLE_ARN of the forge."
  value       = aws_iam_role.this["plan"].arn
}

output "deploy_role_arn" {
  description = "The role of deployments: the variable AWS_DEPLOY_ROLE_ARN of the forge."
  value       = aws_iam_role.this["deploy"].arn
}
