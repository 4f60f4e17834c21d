output "urls" {
  description = "The address of each repository, by its image."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "arns" {
  description = "The ARN of each repository, by its image."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.arn }
}
