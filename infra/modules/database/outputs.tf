output "identifier" {
  description = "The identifier of the instance."
  value       = aws_db_instance.this.identifier
}

output "host" {
  description = "The address of the primary."
  value       = aws_db_instance.this.address
}

output "secret_arn" {
  description = "The ARN of the secret."
  value       = aws_secretsmanager_secret.this.arn
}

output "environment" {
  description = "The settings of akin for this database."
  value = {
    POSTGRES_SECRETS_MANAGER_NAME = aws_secretsmanager_secret.this.name
    POSTGRES_DB                   = var.database
    POSTGRES_SSLMODE              = "verify-full"
  }
}

output "statements" {
  description = "What a program may do that uses the database."
  value = [jsonencode({
    Sid      = "ReadDatabaseSecret"
    Effect   = "Allow"
    Action   = ["secretsmanager:GetSecretValue"]
    Resource = aws_secretsmanager_secret.this.arn
  })]
}
