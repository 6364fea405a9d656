SELECT number FROM resources WHERE service_name = $service
