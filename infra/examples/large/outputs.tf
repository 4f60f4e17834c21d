output "search_url" {
  description = "The address of the search API."
  value       = module.query.url
}

output "service_url" {
  description = "The address of the search API and the page that containers serve."
  value       = module.service.url
}

output "page_url" {
  description = "The address of the page."
  value       = module.page.url
}

output "page_bucket" {
  description = "The bucket of the page."
  value       = module.page.bucket
}

output "page_distribution" {
  description = "The distribution, whose cache a deployment invalidates."
  value       = module.page.distribution_id
}

output "models_bucket" {
  description = "The bucket of models; null without an endpoint."
  value       = one(module.endpoint[*].models_bucket)
}

output "feeds" {
  description = "Where feeds go."
  value       = "s3://${module.ingestion.bucket}/feeds/"
}

output "ingest_function" {
  description = "The function that reads the feeds now, when it is invoked with any event."
  value       = module.ingestion.function_name
}

output "cluster" {
  description = "The cluster of tasks."
  value       = module.tasks.cluster_name
}

output "task_definition" {
  description = "The task that runs the command akin."
  value       = module.tasks.task_definition
}

output "task_network" {
  description = "The network of tasks, for `aws ecs run-task --network-configuration`."
  value = jsonencode({
    awsvpcConfiguration = {
      subnets        = module.network.private_subnet_ids
      securityGroups = [module.network.client_security_group_id]
      assignPublicIp = "DISABLED"
    }
  })
}

output "environments" {
  description = "The settings of every program, by its name."
  value = {
    ingest = module.ingestion.environment
    embed  = module.embedding.environment
    query  = module.query.environment
    akin   = module.tasks.environment
    serve  = module.service.environment

    serve-embeddings = one(module.endpoint[*].container_environment)
  }
}

output "policies" {
  description = "What the functions may do, in JSON."
  value = {
    ingest = module.ingestion.policy
    embed  = module.embedding.policy
    query  = module.query.policy
  }
}
