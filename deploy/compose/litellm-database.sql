create database litellm;
