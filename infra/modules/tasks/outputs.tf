output "cluster_arn" {
  description = "The ARN of the cluster."
  value       = aws_ecs_cluster.this.arn
}

output "cluster_name" {
  description = "The name of the cluster."
  value       = aws_ecs_cluster.this.name
}

output "task_definition" {
  description = "The family of the task, for `aws ecs run-task --task-definition`."
  value       = aws_ecs_task_definition.akin.family
}

output "environment" {
  description = "The variables of the task."
  value       = local.environment
}
