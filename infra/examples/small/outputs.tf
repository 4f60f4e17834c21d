output "search_url" {
  description = "The address of the search API."
  value       = module.query.url
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
      subnets        = module.network.public_subnet_ids
      securityGroups = [module.network.client_security_group_id]
      assignPublicIp = "ENABLED"
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
