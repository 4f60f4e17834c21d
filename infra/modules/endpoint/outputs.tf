output "name" {
  description = "The name of the endpoint."
  value       = aws_sagemaker_endpoint.this.name
}

output "models_bucket" {
  description = "The bucket of models: the archive must be there before the endpoint is created."
  value       = aws_s3_bucket.models.id
}

output "environment" {
  description = "The settings of akin for this endpoint; engines name it by `+sagemaker`."
  value       = { AWS_SAGEMAKER_ENDPOINT_NAME = aws_sagemaker_endpoint.this.name }
}

output "container_environment" {
  description = "The variables of the endpoint's containers."
  value       = aws_sagemaker_model.this.primary_container[0].environment
}

output "statements" {
  description = "What a program may do that embeds by the endpoint."
  value = [jsonencode({
    Sid      = "InvokeEndpoint"
    Effect   = "Allow"
    Action   = ["sagemaker:InvokeEndpoint"]
    Resource = aws_sagemaker_endpoint.this.arn
  })]
}
