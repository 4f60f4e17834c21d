output "bucket" {
  description = "The bucket of the state, for `-backend-config=bucket=`."
  value       = aws_s3_bucket.this.id
}

output "arn" {
  description = "The ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}
