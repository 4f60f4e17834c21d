output "vpc_id" {
  description = "The id of the VPC."
  value       = aws_vpc.this.id
}

output "cidr" {
  description = "The address range of the VPC."
  value       = var.cidr
}

output "private_subnet_ids" {
  description = "The ids of the private subnets, one per zone."
  value       = [for zone in var.zones : aws_subnet.private[zone].id]
}

output "public_subnet_ids" {
  description = "The ids of the public subnets, one per zone."
  value       = [for zone in var.zones : aws_subnet.public[zone].id]
}

output "client_security_group_id" {
  description = "The security group of what calls databases and AWS services."
  value       = aws_security_group.client.id
}
