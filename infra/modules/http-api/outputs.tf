output "url" {
  description = "The address of the API."
  value       = aws_apigatewayv2_stage.this.invoke_url
}

output "id" {
  description = "The id of the API."
  value       = aws_apigatewayv2_api.this.id
}
