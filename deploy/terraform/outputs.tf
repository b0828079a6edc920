output "server_url" {
  description = "Where servers are reached within the cluster."
  value       = "http://${local.server}.${var.namespace}.svc:8000"
}

output "server_name" {
  description = "The name of the servers' Deployment and Service."
  value       = local.server
}

output "worker_kinds" {
  description = "Whether a pool is a Deployment or a DaemonSet."
  value       = { for name, _ in var.worker_pools : name => contains(keys(local.daemon_sets), name) ? "DaemonSet" : "Deployment" }
}

output "jwt_secret" {
  description = "What signs the tokens of workers: the one that was given, or the one that was made."
  value       = local.server_secret.JWT_SECRET
  sensitive   = true
}
