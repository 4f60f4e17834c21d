output "url" {
  description = "The address of the API."
  value       = module.api.url
}

output "api_id" {
  description = "The id of the API."
  value       = module.api.id
}

output "service_name" {
  description = "The name of the service."
  value       = aws_ecs_service.this.name
}

output "load_balancer" {
  description = "The part of the load balancer's ARN by which metrics name it."
  value       = aws_lb.this.arn_suffix
}

output "environment" {
  description = "The variables of the service."
  value       = local.environment
}
