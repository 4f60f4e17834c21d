output "domain_name" {
  description = "The name of the domain."
  value       = aws_opensearch_domain.this.domain_name
}

output "secret_arn" {
  description = "The ARN of the secret."
  value       = aws_secretsmanager_secret.this.arn
}

output "environment" {
  description = "The settings of akin for this domain."
  value       = { OPENSEARCH_SECRETS_MANAGER_NAME = aws_secretsmanager_secret.this.name }
}

output "statements" {
  description = "What a program may do that uses the domain."
  value = [jsonencode({
    Sid      = "ReadSearchSecret"
    Effect   = "Allow"
    Action   = ["secretsmanager:GetSecretValue"]
    Resource = aws_secretsmanager_secret.this.arn
  })]
}
