output "url" {
  description = "The address of the API."
  value       = module.api.url
}

output "api_id" {
  description = "The id of the API."
  value       = module.api.id
}

output "function_name" {
  description = "The name of the function."
  value       = module.function.name
}

output "environment" {
  description = "The variables of the function."
  value       = module.function.environment
}

output "policy" {
  description = "The policy of the function's role, in JSON."
  value       = module.function.policy
}
