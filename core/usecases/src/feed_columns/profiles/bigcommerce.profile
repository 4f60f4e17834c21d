# BigCommerce: the export of products.
told by Item Type, Product Name | Product ID, Product Name, Product Code/SKU

Product ID = product_id
Product Name = name
Name = name
Product Description = description
Brand Name = brand
Price = actual_price
Sale Price = discount_price
Category = main_category first of ";"
Category String = main_category first of ";"
Product Image URL - 1 = image
Product Image File - 1 = image
Product Image URL - 2 = images
Product Image URL - 3 = images
Product Image URL - 4 = images
Product Image URL - 5 = images
Product Image URL - 6 = images
Product URL = link
Product Code/SKU = sku
SKU = sku
Product UPC/EAN = gtin
Global Trade Item Number = gtin
Manufacturer Part Number = mpn
Option Set = attributes.options
