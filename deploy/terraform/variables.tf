variable "name" {
  type        = string
  description = "What the objects are called after."
  default     = "sagewai"

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{0,30}$", var.name))
    error_message = "The name is lower-case letters, digits and -, at most 31 of them."
  }
}

variable "namespace" {
  type        = string
  description = "Where they stand; it has to exist."
  default     = "default"
}

variable "server_replicas" {
  type        = number
  description = "How many servers."
  default     = 2

  validation {
    condition     = var.server_replicas >= 1 && floor(var.server_replicas) == var.server_replicas
    error_message = "At least one server."
  }
}

variable "server_image" {
  type        = string
  description = "The image of servers, with its tag."
  default     = "sagewai/server:0.1.0"
}

variable "worker_image" {
  type        = string
  description = "The image of workers, with its tag."
  default     = "sagewai/worker:0.1.0"
}

variable "worker_pools" {
  type = map(object({
    replicas       = number
    models         = list(string)
    node_selector  = optional(map(string), {})
    resources      = object({ memory = string, cpu = optional(string), gpu = optional(number) })
    labels         = optional(map(string), {})
    max_concurrent = optional(number, 4)
    env            = optional(map(string), {})
    min_replicas   = optional(number)
    max_replicas   = optional(number)
  }))
  description = "Workers by pool. Without replicas and with a gpu, a pool is one worker on each node that the selector names."
  default     = {}

  validation {
    condition     = alltrue([for name, _ in var.worker_pools : can(regex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", name))])
    error_message = "A pool's name is lower-case letters, digits and -."
  }

  validation {
    condition     = alltrue([for pool in values(var.worker_pools) : pool.replicas >= 0 && floor(pool.replicas) == pool.replicas])
    error_message = "A pool has no fewer than 0 replicas."
  }

  validation {
    condition     = alltrue([for pool in values(var.worker_pools) : pool.max_concurrent >= 1 && pool.max_concurrent <= 1000])
    error_message = "A worker takes 1 to 1000 runs at once."
  }

  validation {
    condition     = alltrue([for pool in values(var.worker_pools) : can(regex("^[0-9.]+(Ki|Mi|Gi|Ti|k|M|G|T)?$", pool.resources.memory))])
    error_message = "Memory is a Kubernetes quantity, such as 2Gi."
  }

  validation {
    condition     = alltrue([for pool in values(var.worker_pools) : (pool.min_replicas == null) == (pool.max_replicas == null)])
    error_message = "A pool that scales has both min_replicas and max_replicas."
  }
  validation {
    condition     = alltrue([for pool in values(var.worker_pools) : pool.min_replicas == null ? true : (pool.min_replicas >= 1 && coalesce(pool.max_replicas, pool.min_replicas) >= pool.min_replicas)])
    error_message = "A pool that scales has 1 <= min_replicas <= max_replicas: a HorizontalPodAutoscaler does not scale to nothing."
  }
}

variable "database_url" {
  type        = string
  description = "PostgreSQL, 15 or newer."
  sensitive   = true

  validation {
    condition     = can(regex("^postgres(ql)?://", var.database_url))
    error_message = "The database's address begins with postgresql://."
  }
}

variable "redis_url" {
  type        = string
  description = "Redis, if there is one."
  sensitive   = true
  default     = null

  validation {
    condition     = var.redis_url == null || can(regex("^rediss?://", var.redis_url))
    error_message = "Redis' address begins with redis:// or rediss://."
  }
}

variable "encryption_key" {
  type        = string
  description = "A Fernet key, or 32 bytes in base64url or hex."
  sensitive   = true

  validation {
    condition     = length(var.encryption_key) >= 43
    error_message = "The encryption key is 32 bytes: 43 or 44 characters of base64url, or 64 of hex."
  }
}

variable "jwt_secret" {
  type        = string
  description = "Signs the tokens of workers; made once when it is left out."
  sensitive   = true
  default     = null

  validation {
    condition     = var.jwt_secret == null || length(coalesce(var.jwt_secret, "-")) >= 32
    error_message = "At least 32 characters."
  }
}

variable "admin_token" {
  type        = string
  description = "The administrator's access token (sat-…); made at the first start when it is left out."
  sensitive   = true
  default     = null
}

variable "enrollment_key" {
  type        = string
  description = "Enrolls the workers (sk-fleet-…); without it they read worker_secret alone."
  sensitive   = true
  default     = null
}

variable "worker_secret" {
  type        = string
  description = "A secret that exists, with the workers' own credentials, such as OPENAI_API_KEY."
  default     = null
}

variable "server_env" {
  type        = map(string)
  description = "Further settings of servers, none of them secret."
  default     = {}
}
