# WooCommerce: the products that its exporter writes as CSV.
told by Type, SKU, Name, Regular price

ID = product_id
Name = name
Description = description
Short description = description
Regular price = actual_price
Sale price = discount_price
Categories = main_category first of ","
Images = image first of ","
Brands = brand first of ","
SKU = attributes.sku
GTIN, UPC, EAN, or ISBN = attributes.gtin
Parent = attributes.group
Tags = attributes.tags
In stock? = attributes.in_stock
Weight (kg) = attributes.weight_kg
Attribute 1 name : Attribute 1 value(s)
Attribute 2 name : Attribute 2 value(s)
Attribute 3 name : Attribute 3 value(s)
Attribute 4 name : Attribute 4 value(s)
Attribute 5 name : Attribute 5 value(s)
Attribute 6 name : Attribute 6 value(s)
