output "state_bucket" {
  description = "The bucket of the state."
  value       = module.state.bucket
}

output "repositories" {
  description = "The addresses of the repositories of images."
  value       = module.registry.urls
}

output "repository_arns" {
  description = "The ARNs of the repositories of images."
  value       = module.registry.arns
}

output "plan_role_arn" {
  description = "The role of plans."
  value       = module.deployer.plan_role_arn
}

output "deploy_role_arn" {
  description = "The role of deployments."
  value       = module.deployer.deploy_role_arn
}
